// What time is it at the server, seen from here?

const KEEP_MS = 5 * 60_000;
const STEP_MS = 500;

const monotonic = () => performance.timeOrigin + performance.now();

/**
 * The server's clock, from question-and-answer samples. The shortest round trip wins: its error is at most half of it.
 * Local time is monotonic, so setting the machine's clock moves no countdown.
 */
export class ServerClock {
  #samples = [];
  #rough = null;
  #skew;

  constructor({ local = monotonic, wall = Date.now } = {}) {
    this.local = local;
    this.wall = wall;
    this.#skew = wall() - local();
  }

  /** Asked at local `t0`, the server said `t1`, the answer was here at local `t2`; all in ms. */
  sample(t0, t1, t2 = this.local()) {
    const rtt = t2 - t0;
    if (!(rtt >= 0) || !Number.isFinite(t1)) return;
    this.#samples = this.#samples.filter((s) => t2 - s.at < KEEP_MS);
    this.#samples.push({ offset: t1 - (t0 + t2) / 2, rtt, at: t2 });
  }

  /** From a message with unknown delay; counts only until the first sample. */
  guess(serverMs) {
    if (Number.isFinite(serverMs)) this.#rough = serverMs - this.local();
  }

  get known() {
    return this.#rough !== null || this.#samples.length > 0;
  }

  /** Server minus local time, in ms. */
  get offset() {
    if (this.#samples.length === 0) return this.#rough ?? this.wall() - this.local();
    return this.#samples.reduce((best, s) => (s.rtt < best.rtt ? s : best)).offset;
  }

  now() {
    return this.local() + this.offset;
  }

  /** True once after a sleep or a set clock: the samples are dropped, the offset stays as a guess. */
  stepped() {
    const skew = this.wall() - this.local();
    const moved = Math.abs(skew - this.#skew) > STEP_MS;
    if (moved) {
      this.#rough = this.offset;
      this.#samples = [];
      this.#skew = skew;
    }
    return moved;
  }
}
