// What did the server say, waiting for nobody or for one of us?

/** Frames on their way to whoever asked: each waiter looks at every frame until one is its own. */
export class Waiters {
  #open = new Set();

  /**
   * Waits for a frame.
   * @param {(frame: any) => any} judge returns undefined for "not mine", a value for the answer, or throws it
   * @returns {Promise<any>} the answer; undefined after `patienceMs`, or when all are let go
   */
  ask(judge, patienceMs) {
    return new Promise((resolve, reject) => {
      const waiter = { judge, resolve, reject };
      waiter.done = () => this.#open.delete(waiter) && clearTimeout(waiter.timer);
      waiter.timer = setTimeout(() => this.#settle(waiter, undefined), patienceMs);
      this.#open.add(waiter);
    });
  }

  hear(frame) {
    for (const waiter of [...this.#open]) {
      try {
        const answer = waiter.judge(frame);
        if (answer !== undefined) this.#settle(waiter, answer);
      } catch (problem) {
        waiter.done();
        waiter.reject(problem);
      }
    }
  }

  /** The line is down: nobody's answer will come any more. */
  letGo() {
    for (const waiter of [...this.#open]) this.#settle(waiter, undefined);
  }

  #settle(waiter, answer) {
    waiter.done();
    waiter.resolve(answer);
  }
}
