// What is on offer: photo, price, how many, how many each?
import { h, photo } from "../ui/dom.js";
import { timeSpan } from "../ui/format.js";
import { t } from "../ui/i18n.js";
import { discount, price } from "../ui/price.js";

/** The product block of one sale item; `stock(item)` brings its figures up to date. */
export function offer(sale, item) {
  const free = h("dd", { "data-testid": "available" });
  const el = h("section.offer", { "aria-labelledby": "product-name" },
    h("figure.photo", {}, photo(item.product, { fetchpriority: "high" }), discount(item)),
    h("div.offer-text", {},
      h("p.eyebrow", {}, sale.title),
      h("h1", { id: "product-name" }, item.product.name),
      price(item),
      item.product.description && h("p.muted", {}, item.product.description),
      h("dl.facts", {},
        fact("sale.allotment", h("dd", { "data-testid": "allotment", t: ["sale.units", { n: item.allotment }] })),
        fact("sale.free", free),
        fact("sale.limit", h("dd", { t: ["sale.each", { n: item.purchase_limit }] })),
        fact("sale.window", h("dd", { t: ["text", { text: () => timeSpan(sale.opens_at, sale.closes_at) }] })))));
  const stock = (now) => (free.textContent = t("sale.units", { n: Math.max(0, now.available) }));
  stock(item);
  return { el, stock };
}

const fact = (key, value) => h("div", {}, h("dt", { t: key }), value);
