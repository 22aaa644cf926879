// The client library: how a page follows a sale and takes part in it. See ../README.md for an example.
import { ServerClock } from "./lib/clock.js";
import { Problem, request } from "./lib/http.js";
import { Session } from "./lib/session.js";
import { LiveSocket } from "./lib/socket.js";
import { ended, mergeSale, newerClaim, readClaim, readSale } from "./lib/versions.js";

export { Problem, ServerClock, Session, ended };

const REREAD_MS = 60_000;
const REREAD_JITTER_MS = 10_000;
const OFFLINE_REREAD_MS = 10_000;
const PENDING_REREAD_MS = 3_000;
const PENDING = new Set(["received", "paying"]);

/**
 * One buyer's connection to the shop. Events: `sale` and `claim` (the object, whenever something newer is known),
 * `session` (the user or null), `connection` (`{open}`), `notice` (`{code, text, until?}`), `problem` (a {@link Problem}).
 */
export class Miaosha {
  #events = new EventTarget();
  #sales = new Map();
  #claims = new Map();
  #watched = new Set();
  #taker = null;
  #authenticated = false;
  #badTokens = 0;
  #mending = null;
  #reread = null;
  #rereadDue = Infinity;

  /** `origin`: of the shop, default is the page's. */
  constructor({ origin = "", session, clock } = {}) {
    this.session = session ?? new Session({ origin });
    this.clock = clock ?? new ServerClock();
    this.base = `${origin}/api/v1`;
    const url = new URL(`${this.base}/live`, globalThis.location?.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new LiveSocket(url.href, this.clock);
    this.#listen();
  }

  /** Calls `heard(detail)` on each event of that name; returns the function that stops it. */
  on(name, heard) {
    const listener = (event) => heard(event.detail);
    this.#events.addEventListener(name, listener);
    return () => this.#events.removeEventListener(name, listener);
  }

  sale(saleId) {
    return this.#sales.get(saleId) ?? null;
  }

  /** The buyer's newest claim on that sale item, if any is known. */
  claimOn(saleItemId) {
    return this.#claims.get(saleItemId) ?? null;
  }

  /** The claim with that id, if it is the newest of its sale item. */
  claim(claimId) {
    return [...this.#claims.values()].find((c) => c.claim_id === claimId) ?? null;
  }

  /** Follows a sale from now on; resolves with its full description, rejects when there is none. */
  async watch(saleId) {
    this.#watched.add(saleId);
    this.socket.start();
    this.socket.send({ type: "watch", sale_ids: [saleId] });
    this.#plan();
    return this.readSale(saleId);
  }

  async readSale(saleId) {
    const raw = await request(`${this.base}/sales/${encodeURIComponent(saleId)}`);
    this.clock.guess(Date.parse(raw.server_time));
    return this.#learnSale(raw);
  }

  async readClaims() {
    if (!this.session.signedIn) return [];
    const { items } = await this.session.send("/me/claims");
    for (const claim of items) this.#learnClaim(claim);
    return items;
  }

  /**
   * Asks for units: a claim that is `received`, or what became of it; throws {@link Problem} when refused. Safe to repeat.
   * @param {{quantity?: number, answer?: string}} [wish]
   */
  async take(saleItemId, wish = {}) {
    return (await this.#taking()).take(saleItemId, wish);
  }

  /** Gives back a hold or a standby place; resolves with the claim as it then is. */
  async withdraw(claimId) {
    return (await this.#taking()).withdraw(claimId);
  }

  close() {
    clearTimeout(this.#reread);
    this.#watched.clear();
    this.socket.stop();
  }

  // Who only looks on does not need it; for whoever is signed in it is there before the opening.
  async #taking() {
    const { Taking } = await import("./lib/taking.js");
    this.#taker ??= new Taking({
      session: this.session,
      send: (frame) => this.#authenticated && this.socket.send(frame),
      known: (saleItemId) => this.claimOn(saleItemId),
      learn: (raw) => this.#learnClaim(raw),
      reread: () => this.readClaims(),
    });
    return this.#taker;
  }

  #accepted(frame) {
    return this.#learnClaim({ ...frame, attempt: frame.attempt ?? 1, state: "received", version: 0 });
  }

  #learnSale(raw) {
    const next = readSale(raw);
    const sale = mergeSale(this.#sales.get(next.id), next, this.clock.now());
    this.#sales.set(sale.id, sale);
    this.#fire("sale", sale);
    return sale;
  }

  #learnClaim(raw) {
    const next = readClaim(raw);
    const old = this.#claims.get(next.sale_item_id);
    const claim = newerClaim(old, next);
    if (claim === old) return old;
    this.#claims.set(claim.sale_item_id, claim);
    this.#fire("claim", claim);
    if (PENDING.has(claim.state)) this.#plan();
    return claim;
  }

  #listen() {
    this.socket.addEventListener("open", () => this.#greet());
    this.socket.addEventListener("frame", (event) => this.#hear(event.detail));
    this.socket.addEventListener("down", (event) => this.#lost(event.detail.code));
    this.session.addEventListener("change", () => this.#otherUser());
    if (!globalThis.document) return;
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#wake());
    addEventListener("online", () => this.#wake());
    addEventListener("pageshow", (event) => event.persisted && this.#wake());
    setInterval(() => this.clock.stepped() && this.#wake(), 2_000);
  }

  async #greet() {
    this.#fire("connection", { open: true });
    if (this.#watched.size) this.socket.send({ type: "watch", sale_ids: [...this.#watched] });
    await this.#mending;
    const token = await this.session.accessToken().catch(() => null);
    if (!token || this.#badTokens >= 2) return;
    this.socket.send({ type: "auth", access_token: token });
    await this.#taking();
  }

  #hear(frame) {
    if (frame.type === "sale") this.#learnSale(frame);
    else if (frame.type === "claim") this.#learnClaim(frame);
    else if (frame.type === "accepted") this.#accepted(frame);
    else if (frame.type === "session") this.#signedIn();
    else if (frame.type === "notice") this.#fire("notice", frame);
    else if (frame.type === "error") this.#fire("problem", new Problem(frame));
    this.#taker?.waiters.hear(frame);
  }

  #signedIn() {
    this.#authenticated = true;
    this.#badTokens = 0;
  }

  #lost(code) {
    this.#authenticated = false;
    this.#taker?.waiters.letGo();
    this.#fire("connection", { open: false });
    this.#plan();
    if (code === 4401) this.#mending = this.#badToken();
  }

  // The socket comes back by itself; before it says who we are, a token of more use must lie ready, or none.
  async #badToken() {
    this.#badTokens += 1;
    const spent = await this.session.accessToken().catch(() => null);
    if (spent) await this.session.replace(spent).catch(() => {});
  }

  #otherUser() {
    this.#claims.clear();
    this.#badTokens = 0;
    if (this.#watched.size) this.socket.restart();
    this.#fire("session", this.session.user);
    this.#refresh();
  }

  #wake() {
    this.socket.wake();
    if (this.#watched.size) this.#plan(Math.random() * 2_000);
  }

  // The sooner of two plans stands: a line that fails again and again must not push the reading away.
  #plan(waitMs = this.#rereadWait()) {
    const due = this.clock.local() + waitMs;
    if (due >= this.#rereadDue) return;
    clearTimeout(this.#reread);
    this.#rereadDue = due;
    this.#reread = setTimeout(() => this.#refresh(), waitMs);
  }

  #rereadWait() {
    if ([...this.#claims.values()].some((c) => PENDING.has(c.state))) return PENDING_REREAD_MS * (1 + Math.random());
    if (!this.socket.open) return OFFLINE_REREAD_MS * (0.7 + Math.random() * 0.6);
    return REREAD_MS + (Math.random() * 2 - 1) * REREAD_JITTER_MS;
  }

  async #refresh() {
    this.#rereadDue = Infinity;
    try {
      await this.readClaims();
      if (!this.socket.open) for (const id of this.#watched) await this.readSale(id);
    } catch (problem) {
      this.#fire("problem", problem);
    }
    if (this.#watched.size) this.#plan();
  }

  #fire(name, detail) {
    this.#events.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
