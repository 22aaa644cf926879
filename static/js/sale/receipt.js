// How does a buyer keep the signed receipt of a claim? The server hands it out once; this browser remembers it.
import { h } from "../ui/dom.js";

const KEY = "miaosha.receipts";
const KEPT = 20;

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** The receipt of a claim, folded away; nothing when this browser never had it. */
export function receipt({ claim_id, receipt: fresh }) {
  const all = read();
  if (fresh && !all[claim_id]) {
    all[claim_id] = fresh;
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(Object.entries(all).slice(-KEPT))));
  }
  const text = all[claim_id];
  return text && h("details.receipt", { "data-testid": "receipt" }, h("summary", { t: "receipt.title" }), h("p", { t: "receipt.text" }), h("code", {}, text));
}
