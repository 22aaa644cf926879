// Has this payment been sent already? A payment try keeps its key and body until its outcome is known.
import { uuid } from "../lib/uuid.js";

const name = (claimId) => `miaosha.pay.${claimId}`;

/** The try of this claim whose outcome is unknown, if any: `{key, body}`. It holds a sandbox token, never a card. */
export function openTry(claimId, storage = sessionStorage) {
  try {
    return JSON.parse(storage.getItem(name(claimId)));
  } catch {
    return null;
  }
}

/** Begins a try, or goes on with the open one: the same key with the same body can never pay twice. */
export function beginTry(claimId, body, storage = sessionStorage) {
  const open = openTry(claimId, storage);
  if (open) return open;
  const fresh = { key: uuid(), body };
  storage.setItem(name(claimId), JSON.stringify(fresh));
  return fresh;
}

/** The outcome is known; the next try is another payment. */
export const endTry = (claimId, storage = sessionStorage) => storage.removeItem(name(claimId));

/**
 * What an answer to a try means.
 * @param {{status: number, code?: string}} problem
 * @returns {"again"|"declined"|"ended"|"refused"|"signed_out"} `again`: unknown or in flight, the same try must be repeated
 */
export function meaning({ status, code }) {
  if (status === 0 || status >= 500 || code === "in_flight" || status === 429) return "again";
  if (status === 402) return "declined";
  if (status === 410) return "ended";
  return status === 401 ? "signed_out" : "refused";
}
