// What does the page of a sale show, given all that is known? Pure: no page, no clock of its own.

const NO_SECOND = new Set(["limit_reached"]);

/**
 * @returns {{name: string, ask: ""|"claim"|"standby"|"again", sale: string}}
 *   `name` is what `data-state` says; `ask` is what the button would do, empty when it is closed;
 *   `sale` is the state of the sale alone
 */
export function viewOf({ sale, item, claim, now }) {
  const shop = saleView(sale, item, now);
  if (!claim) return { name: shop, ask: askOf(shop), sale: shop };
  return { name: claim.state, ask: again(claim, shop), sale: shop };
}

function saleView(sale, item, now) {
  if (sale.state === "closed" || sale.state === "reconciled") return "closed";
  if (sale.state === "paused") return "paused";
  const open = sale.state === "open" || now >= sale.opens_at;
  if (!open) return sale.state === "waiting_room" || now >= (sale.waiting_room_opens_at ?? Infinity) ? "waiting_room" : "scheduled";
  if (now >= sale.closes_at) return "closed";
  return item.state === "on_sale" ? "open" : item.state;
}

const askOf = (shop) => ({ open: "claim", all_held: "standby" })[shop] ?? "";

function again(claim, shop) {
  const over = ["expired", "withdrawn", "refused"].includes(claim.state);
  return over && askOf(shop) && !NO_SECOND.has(claim.reason) ? "again" : "";
}

/** The next instant at which `viewOf` may answer differently though nothing was heard. */
export function nextChange(sale, now) {
  return [sale.waiting_room_opens_at, sale.opens_at, sale.closes_at].filter((at) => at > now).sort((a, b) => a - b)[0] ?? null;
}

/** What to read out when one view follows another: [catalogue key, how], or nothing. */
export function announcement(before, after) {
  if (!before || before === after) return null;
  if (after === "held") return [before === "standby" ? "say.promoted" : "say.held", "assertive"];
  if (after === "expired") return ["say.expired", "assertive"];
  const polite = ["open", "received", "standby", "paid", "paused", "sold_out", "all_held", "closed", "refused", "withdrawn"];
  return polite.includes(after) ? [`say.${after}`, "polite"] : null;
}
