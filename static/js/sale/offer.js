// What is on offer: photo, price, how many, how many each?
import { h, photo } from "../ui/dom.js";
import { timeSpan } from "../ui/format.js";
import { t } from "../ui/i18n.js";
import { discount, price } from "../ui/price.js";

/** The product block of one sale item; `update(sale, item)` brings figures and times up to date. */
export function offer(sale, item) {
  const figures = { allotment: h("dd", { "data-testid": "allotment" }), available: h("dd", { "data-testid": "available" }), when: h("dd") };
  const el = h("section.offer", { "aria-labelledby": "product-name" },
    h("figure.photo", {}, photo(item.product, { fetchpriority: "high" }), discount(item)),
    h("div.offer-text", {},
      h("p.eyebrow", {}, sale.title),
      h("h1", { id: "product-name" }, item.product.name),
      price(item),
      item.product.description && h("p.muted", {}, item.product.description),
      h("dl.facts", {},
        fact("sale.allotment", figures.allotment),
        fact("sale.free", figures.available),
        fact("sale.limit", h("dd", { t: ["sale.each", { n: item.purchase_limit }] })),
        fact("sale.window", figures.when))));
  const update = (sale, item) => {
    // Frames do not carry the allotment, but its parts: a restock shows at once.
    figures.allotment.textContent = t("sale.units", { n: item.available + item.held + item.paid });
    figures.available.textContent = t("sale.units", { n: item.available });
    figures.when.textContent = timeSpan(sale.opens_at, sale.closes_at);
  };
  return { el, update };
}

const fact = (key, value) => h("div", {}, h("dt", { t: key }), value);
