// The client library: how a page follows a sale and takes part in it. See ../README.md for an example.
import { ServerClock } from "./lib/clock.js";
import { Problem, request, sleep } from "./lib/http.js";
import { Waiters } from "./lib/news.js";
import { Session } from "./lib/session.js";
import { LiveSocket } from "./lib/socket.js";
import { ended, mergeSale, newerClaim, nextAttempt, readClaim, readSale } from "./lib/versions.js";

export { Problem, ServerClock, Session, ended };

const SOCKET_PATIENCE_MS = 3_000;
const REREAD_MS = 60_000;
const REREAD_JITTER_MS = 10_000;
const OFFLINE_REREAD_MS = 10_000;
const PENDING_REREAD_MS = 3_000;
const PENDING = new Set(["received", "paying"]);
const RETRIES = 4;
const RETRY_WAIT_MAX_MS = 5_000;

/**
 * @typedef {object} Claim
 * @property {string} claim_id
 * @property {string} sale_id
 * @property {string} sale_item_id
 * @property {number} attempt
 * @property {number} version
 * @property {"received"|"held"|"standby"|"paying"|"paid"|"refused"|"expired"|"withdrawn"} state
 * @property {number} [position] rank on the standby list, 1 is next
 * @property {number} [odds] whole percent
 * @property {number|null} deadline Unix ms on the server's clock
 * @property {string} [purchase_pass]
 * @property {string} [reason]
 * @property {string} [order_id]
 */

/**
 * One buyer's connection to the shop.
 *
 * Events (see {@link Miaosha#on}): `sale` and `claim` (the object, whenever something newer is known), `session`
 * (the user or null), `connection` (`{open}`), `notice` (`{code, text, until?}`), `problem` (a {@link Problem} of the background).
 */
export class Miaosha {
  #events = new EventTarget();
  #waiters = new Waiters();
  #sales = new Map();
  #claims = new Map();
  #watched = new Set();
  #authenticated = false;
  #badTokens = 0;
  #reread = null;
  #rereadDue = Infinity;

  /**
   * @param {{origin?: string, session?: Session, clock?: ServerClock}} [options]
   *   `origin`: where the shop is, for instance `https://shop.example`; default is the page's own origin
   */
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

  /** @returns {Claim|null} the buyer's newest claim on that sale item, if any is known */
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

  /** Asks for the buyer's claims; with socket frames this is a safety net, on a first page it is the beginning. */
  async readClaims() {
    if (!this.session.signedIn) return [];
    const { items } = await this.session.send("/me/claims");
    for (const claim of items) this.#learnClaim(claim);
    return items;
  }

  /**
   * Asks for units. Safe to repeat: the same attempt is the same claim.
   * @param {string} saleItemId
   * @param {{quantity?: number, answer?: string}} [wish]
   * @returns {Promise<Claim>} `received` or what became of it; throws {@link Problem} when refused
   */
  async take(saleItemId, { quantity, answer } = {}) {
    if (!this.session.signedIn) throw new Problem({ status: 401, code: "sign_in_required" });
    const attempt = nextAttempt(this.claimOn(saleItemId));
    const ask = { sale_item_id: saleItemId, quantity, attempt, answer };
    for (let n = 1; ; n++) {
      try {
        return (await this.#takeBySocket(ask)) ?? (await this.#takeByPost(ask));
      } catch (problem) {
        if (problem.code === "already_claimed") return this.#present(ask, problem);
        const wait = patience(problem, n);
        if (wait === null) throw problem;
        await sleep(wait);
      }
    }
  }

  /** Gives back a hold or a standby place; resolves with the claim as it then is. */
  async withdraw(claimId) {
    const said = await this.#withdrawBySocket(claimId);
    if (said) return said;
    return this.#learnClaim(await this.session.send(`/me/claims/${claimId}`, { method: "DELETE" }));
  }

  /** Ends the connection; the object is of no use afterwards. */
  close() {
    clearTimeout(this.#reread);
    this.#watched.clear();
    this.socket.stop();
  }

  // ---- claims -------------------------------------------------------------------------------------------------------

  async #takeBySocket(ask) {
    if (!this.#authenticated || !this.socket.send({ type: "claim", ...ask })) return undefined;
    return this.#waiters.ask((frame) => {
      if (frame.type === "refused" && frame.op !== "withdraw" && frame.op !== "watch") {
        if ((frame.sale_item_id ?? ask.sale_item_id) === ask.sale_item_id) throw refusal(frame);
      }
      const mine = frame.sale_item_id === ask.sale_item_id && (frame.attempt ?? ask.attempt) >= ask.attempt;
      if (mine && (frame.type === "accepted" || frame.type === "claim")) return this.claimOn(ask.sale_item_id);
    }, SOCKET_PATIENCE_MS);
  }

  async #takeByPost({ sale_item_id, ...body }) {
    const path = `/sale-items/${sale_item_id}/claims`;
    const accepted = await this.session.send(path, { method: "POST", body });
    return this.#accepted({ ...accepted, sale_item_id, attempt: body.attempt });
  }

  // The first answer went astray, or another tab was quicker: the claim that stands is the answer.
  async #present(ask, problem) {
    if (problem.claim) return this.#learnClaim(problem.claim);
    await this.readClaims();
    const claim = this.claimOn(ask.sale_item_id);
    if (!claim) throw problem;
    return claim;
  }

  async #withdrawBySocket(claimId) {
    if (!this.#authenticated || !this.socket.send({ type: "withdraw", claim_id: claimId })) return undefined;
    return this.#waiters.ask((frame) => {
      if (frame.type === "refused" && frame.op === "withdraw") throw refusal(frame);
      if (frame.type === "claim" && frame.claim_id === claimId && ended(frame)) return this.claim(claimId) ?? undefined;
    }, SOCKET_PATIENCE_MS);
  }

  #accepted(frame) {
    return this.#learnClaim({ ...frame, attempt: frame.attempt ?? 1, state: "received", version: 0 });
  }

  // ---- what is known ------------------------------------------------------------------------------------------------

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

  // ---- socket -------------------------------------------------------------------------------------------------------

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
    const token = await this.session.accessToken().catch(() => null);
    if (token && this.#badTokens < 2) this.socket.send({ type: "auth", access_token: token });
  }

  #hear(frame) {
    if (frame.type === "sale") this.#learnSale(frame);
    else if (frame.type === "claim") this.#learnClaim(frame);
    else if (frame.type === "accepted") this.#accepted(frame);
    else if (frame.type === "session") this.#signedIn();
    else if (frame.type === "notice") this.#fire("notice", frame);
    else if (frame.type === "error") this.#fire("problem", new Problem(frame));
    this.#waiters.hear(frame);
  }

  #signedIn() {
    this.#authenticated = true;
    this.#badTokens = 0;
  }

  #lost(code) {
    this.#authenticated = false;
    this.#waiters.letGo();
    this.#fire("connection", { open: false });
    this.#plan();
    if (code === 4401) this.#badToken();
  }

  // The socket comes back by itself; until then a token of more use should lie ready, or none.
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

  // ---- safety net ---------------------------------------------------------------------------------------------------

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

/** How long to wait before asking again in place of the buyer, in ms; null when the answer is the buyer's to judge. */
function patience(problem, n) {
  if (n >= RETRIES) return null;
  const asked = problem.retryAfterMs;
  // Tapped at the very second: our clock may be ahead of the server's by half a round trip.
  if (problem.code === "not_open" && !asked) return 250;
  if (problem.unknown) return Math.min(asked ?? 300 * 2 ** n * Math.random(), RETRY_WAIT_MAX_MS);
  return asked && asked <= RETRY_WAIT_MAX_MS ? asked * (1 + Math.random() * 0.3) : null;
}

// A frame carries no status; these two are about the moment, every other code is about the claim.
function refusal({ code, retry_after_ms, claim }) {
  const status = { unavailable: 503, too_fast: 429 }[code] ?? 409;
  return new Problem({ status, code, retryAfterMs: retry_after_ms ?? null, claim });
}
