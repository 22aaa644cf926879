// How is a price shown?
import { h } from "./dom.js";
import { money } from "./format.js";

/** The price, beside the struck list price where that is higher. */
export function price(item) {
  const struck = item.list_price && item.list_price.amount_minor > item.price.amount_minor;
  return h("p.price", { "data-testid": "price" },
    struck && [h("span.unseen", { t: "sale.list_price" }), h("s", { t: ["text", { text: () => money(item.list_price) }] }), " "],
    h("span.unseen", { t: "sale.price" }),
    h("strong", { t: ["text", { text: () => money(item.price) }] }));
}

/** How much less than the list price, as a badge. */
export function discount(item) {
  if (!item.list_price) return null;
  const off = Math.round(100 * (1 - item.price.amount_minor / item.list_price.amount_minor));
  return off > 0 && h("span.badge", { t: ["sale.off", { off, tenths: Number(((100 - off) / 10).toFixed(1)) }] });
}
