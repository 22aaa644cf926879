// How is a payment sent until somebody knows how it ended?
import { sleep } from "../lib/http.js";
import { beginTry, endTry, meaning, openTry } from "./attempt.js";

const AUTOMATIC = 4;
const WAIT_MS = 2_000;
const WAIT_MAX_MS = 15_000;

/**
 * Sends the try of a claim, again while its outcome is unknown.
 * @param {(problem: any, waitMs: number) => void} waiting told before each repetition
 * @returns {Promise<{order?: any, paying?: true}>} throws the problem with its `meaning` when it is for the buyer to judge
 */
export async function pay(session, claimId, body, waiting) {
  const { key, body: kept } = beginTry(claimId, body);
  for (let n = 1; ; n++) {
    try {
      const answer = await session.send("/checkout", { method: "POST", body: kept, headers: { "idempotency-key": key }, timeoutMs: 30_000 });
      // 202 leaves the try open: the claim's end, told by the socket, closes it.
      if (answer.$status === 202) return { paying: true };
      endTry(claimId);
      return { order: answer };
    } catch (problem) {
      problem.meaning = meaning(problem);
      if (problem.meaning !== "again") endTry(claimId);
      if (problem.meaning !== "again" || n >= AUTOMATIC) throw problem;
      const waitMs = Math.min(problem.retryAfterMs ?? WAIT_MS * n, WAIT_MAX_MS);
      waiting(problem, waitMs);
      await sleep(waitMs);
    }
  }
}

export { endTry, openTry };
