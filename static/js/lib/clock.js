// What time is it at the server, seen from here?

const KEEP_MS = 5 * 60_000;
const STEP_MS = 500;

const monotonic = () => performance.timeOrigin + performance.now();

/**
 * The server's clock, estimated from question-and-answer samples.
 *
 * The sample with the shortest round trip wins: whatever a sample lost on its way is at most half of its round trip.
 * Local time is monotonic, so a user who sets the clock of the machine does not move a countdown.
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

  /** One measured sample: asked at local `t0`, the server said `t1`, the answer was here at local `t2` (all in ms). */
  sample(t0, t1, t2 = this.local()) {
    const rtt = t2 - t0;
    if (!(rtt >= 0) || !Number.isFinite(t1)) return;
    this.#samples = this.#samples.filter((s) => t2 - s.at < KEEP_MS);
    this.#samples.push({ offset: t1 - (t0 + t2) / 2, rtt, at: t2 });
  }

  /** A first guess from a message with unknown delay; it counts only until the first sample. */
  guess(serverMs) {
    if (Number.isFinite(serverMs)) this.#rough = serverMs - this.local();
  }

  /** True once a guess or a sample is there; before that `now()` is the machine's own clock. */
  get known() {
    return this.#rough !== null || this.#samples.length > 0;
  }

  /** Server time minus local time, in ms; positive when the server is ahead. */
  get offset() {
    if (this.#samples.length === 0) return this.#rough ?? this.wall() - this.local();
    return this.#samples.reduce((best, s) => (s.rtt < best.rtt ? s : best)).offset;
  }

  /** Shortest round trip among the kept samples, in ms; the offset is right to half of it. */
  get rtt() {
    return this.#samples.length ? Math.min(...this.#samples.map((s) => s.rtt)) : null;
  }

  now() {
    return this.local() + this.offset;
  }

  /** True once after the machine slept or its clock was set: the samples are then dropped, keeping the offset as a guess. */
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
