// What is being paid for?
import { h, photo } from "../ui/dom.js";
import { money } from "../ui/format.js";
import { price } from "../ui/price.js";

export function summary(item, claim) {
  const quantity = claim.quantity ?? 1;
  const total = { ...item.price, amount_minor: item.price.amount_minor * quantity };
  const el = h("div", {},
    photo(item.product),
    h("h2", {}, item.product.name),
    price(item),
    h("dl", {},
      h("div", {}, h("dt", { t: "checkout.quantity" }), h("dd", {}, String(quantity))),
      h("div", {}, h("dt", { t: "checkout.total" }), h("dd", { t: ["text", { text: () => money(total) }], "data-testid": "total" }))));
  return el;
}
