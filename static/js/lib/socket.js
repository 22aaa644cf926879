// How does one socket stay with us for the whole sale?

const PROTOCOL = "miaosha.v1";
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 30_000;
const SLOW_TRY = 4;
const STABLE_MS = 10_000;
const ANSWER_MS = 5_000;
const BURST = 5;
const BURST_GAP_MS = 150;

/** The wait before try `n`: what the server asked for, plus full jitter over a doubling range. */
export function backoff(n, resumeAfterMs = 0, random = Math.random) {
  return resumeAfterMs + random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** n);
}

/** A socket that comes back. Fires `frame` (the object), `open` (after hello) and `down` ({code}). */
export class LiveSocket extends EventTarget {
  #ws = null;
  #tries = 0;
  #resumeAfterMs = 0;
  #retry = null;
  #heartbeat = null;
  #doubt = null;
  #asked = new Map();
  #wanted = false;

  constructor(url, clock) {
    super();
    this.url = url;
    this.clock = clock;
    this.open = false;
  }

  start() {
    this.#wanted = true;
    if (!this.#ws) this.#connect();
  }

  stop() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#ws?.close(1000);
  }

  /** Leaves the present connection for a new one, at once: another user, or a line that looks dead. */
  restart() {
    this.#drop(0);
    this.#tries = 0;
    this.#connect();
  }

  send(frame) {
    if (this.#ws?.readyState !== 1) return false;
    this.#ws.send(JSON.stringify(frame));
    return true;
  }

  /** After a wake-up: measure again, and do not trust a line that stays silent. */
  wake() {
    if (!this.#wanted) return;
    if (!this.open) return this.#ws?.readyState === 0 ? undefined : this.restart();
    this.#measure();
    clearTimeout(this.#doubt);
    this.#doubt = setTimeout(() => this.restart(), ANSWER_MS);
  }

  #connect() {
    clearTimeout(this.#retry);
    const ws = new WebSocket(this.url, PROTOCOL);
    this.#ws = ws;
    this.#doubt = setTimeout(() => this.#down(ws, 0), 2 * ANSWER_MS);
    ws.onmessage = (event) => ws === this.#ws && this.#receive(event.data);
    ws.onclose = (event) => this.#down(ws, event.code);
  }

  #receive(text) {
    clearTimeout(this.#doubt);
    const frame = JSON.parse(text);
    if (frame.type === "clock") return this.#measured(frame);
    if (frame.type === "hello") this.#greeted(frame);
    if (frame.type === "bye" || frame.type === "hello") this.#resumeAfterMs = frame.resume_after_ms ?? 0;
    // Another tab took the place: come back slowly, or two tabs would throw each other out for ever.
    if (frame.type === "bye" && frame.code === "replaced") this.#tries = Math.max(this.#tries, SLOW_TRY);
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #greeted(hello) {
    this.clock.guess(hello.server_time);
    this.open = true;
    this.openedAt = this.clock.local();
    this.#beat((hello.heartbeat_s || 25) * 1000);
    this.#measure();
    this.dispatchEvent(new Event("open"));
  }

  // Every beat asks for the time: it keeps the offset fresh and proves the line, before the next beat, in one small frame.
  #beat(everyMs) {
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      this.#ask();
      clearTimeout(this.#doubt);
      this.#doubt = setTimeout(() => this.#down(this.#ws, 0), Math.min(everyMs / 2, 2 * ANSWER_MS));
    }, everyMs);
  }

  #measure() {
    for (let i = 0; i < BURST; i++) setTimeout(() => this.open && this.#ask(), i * BURST_GAP_MS);
  }

  #ask() {
    const exact = this.clock.local();
    const t0 = Math.round(exact);
    if (this.send({ type: "clock", t0 })) this.#asked.set(t0, exact);
  }

  #measured({ t0, t1 }) {
    const exact = this.#asked.get(t0);
    this.#asked.delete(t0);
    if (exact !== undefined) this.clock.sample(exact, t1);
  }

  #down(ws, code) {
    if (ws !== this.#ws) return;
    if (this.open && this.clock.local() - this.openedAt > STABLE_MS) this.#tries = 0;
    this.#drop(code);
    if (this.#wanted) this.#retry = setTimeout(() => this.#connect(), this.#patience(code));
  }

  // Told off by the server (policy, too many): begin with a long range. Otherwise a first try comes soon.
  #patience(code) {
    if (code === 1008 || code === 4429) this.#tries = Math.max(this.#tries, SLOW_TRY);
    return backoff(this.#tries++, this.#resumeAfterMs);
  }

  #drop(code) {
    const ws = this.#ws;
    this.#ws = null;
    this.open = false;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#doubt);
    clearTimeout(this.#retry);
    this.#asked.clear();
    ws?.close();
    if (ws) this.dispatchEvent(new CustomEvent("down", { detail: { code } }));
  }
}
