// How does a buyer ask for units, and give them back?
import { Problem, sleep } from "./http.js";
import { Waiters } from "./news.js";
import { ended, nextAttempt } from "./versions.js";

const SOCKET_PATIENCE_MS = 3_000;
const RETRIES = 4;
const RETRY_WAIT_MAX_MS = 5_000;

/** Claims over the socket where it is open, else by POST; both carry the same attempt, so both are the same claim. */
export class Taking {
  waiters = new Waiters();

  constructor({ session, send, known, learn, reread }) {
    Object.assign(this, { session, send, known, learn, reread });
  }

  async take(saleItemId, { quantity, answer }) {
    if (!this.session.signedIn) throw new Problem({ status: 401, code: "sign_in_required" });
    const ask = { sale_item_id: saleItemId, quantity, attempt: nextAttempt(this.known(saleItemId)), answer };
    for (let n = 1; ; n++) {
      try {
        return (await this.#bySocket(ask)) ?? (await this.#byPost(ask));
      } catch (problem) {
        if (problem.code === "already_claimed") return this.#present(ask, problem);
        const wait = patience(problem, n);
        if (wait === null) throw problem;
        await sleep(wait);
      }
    }
  }

  async withdraw(claimId) {
    const said = await this.#withdrawBySocket(claimId);
    return said ?? this.learn(await this.session.send(`/me/claims/${claimId}`, { method: "DELETE" }));
  }

  #bySocket(ask) {
    if (!this.send({ type: "claim", ...ask })) return undefined;
    return this.waiters.ask((frame) => {
      const mine = (frame.sale_item_id ?? ask.sale_item_id) === ask.sale_item_id && (frame.attempt ?? ask.attempt) >= ask.attempt;
      if (!mine) return undefined;
      if (frame.type === "refused" && (frame.op ?? "claim") === "claim") {
        // The socket no longer knows who we are; the request can tell it again.
        if (frame.code === "unauthorized") return null;
        throw refusal(frame);
      }
      return frame.type === "accepted" || frame.type === "claim" ? this.known(ask.sale_item_id) : undefined;
    }, SOCKET_PATIENCE_MS);
  }

  async #byPost({ sale_item_id, ...body }) {
    const accepted = await this.session.send(`/sale-items/${sale_item_id}/claims`, { method: "POST", body });
    return this.learn({ ...accepted, sale_item_id, attempt: body.attempt, state: "received", version: 0 });
  }

  // The first answer went astray, or another tab was quicker: the claim that stands is the answer.
  async #present(ask, problem) {
    if (problem.claim) return this.learn(problem.claim);
    await this.reread();
    const claim = this.known(ask.sale_item_id);
    if (!claim) throw problem;
    return claim;
  }

  #withdrawBySocket(claimId) {
    if (!this.send({ type: "withdraw", claim_id: claimId })) return undefined;
    return this.waiters.ask((frame) => {
      if (frame.type === "refused" && frame.op === "withdraw") throw refusal(frame);
      const gone = frame.type === "claim" && frame.claim_id === claimId && ended(frame);
      return gone ? this.known(frame.sale_item_id) : undefined;
    }, SOCKET_PATIENCE_MS);
  }
}

/** How long to wait before asking again in place of the buyer, in ms; null when the answer is the buyer's to judge. */
export function patience(problem, n, random = Math.random) {
  if (n >= RETRIES) return null;
  const asked = problem.retryAfterMs;
  // Tapped at the very second: our clock may be ahead of the server's by half a round trip.
  if (problem.code === "not_open" && !asked) return 250;
  if (problem.unknown) return Math.min(asked ?? 300 * 2 ** n * random(), RETRY_WAIT_MAX_MS);
  return asked && asked <= RETRY_WAIT_MAX_MS ? asked * (1 + random() * 0.3) : null;
}

// A frame carries no status; these two are about the moment, every other code is about the claim.
function refusal({ code, retry_after_ms, claim }) {
  const status = { unavailable: 503, too_fast: 429 }[code] ?? 409;
  return new Problem({ status, code, retryAfterMs: retry_after_ms ?? null, claim });
}
