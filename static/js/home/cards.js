// What does a sale look like among others?
import { h, photo } from "../ui/dom.js";
import { dayTime } from "../ui/format.js";
import { price } from "../ui/price.js";

/** On which shelf a sale stands: `live`, `coming` or `past`. */
export function standing(sale, now) {
  if (sale.state === "closed" || sale.state === "reconciled" || now >= sale.closes_at) return "past";
  return sale.state === "open" || sale.state === "paused" || now >= sale.opens_at ? "live" : "coming";
}

/** One card per sale item. */
export const cards = (sales, now) => sales.flatMap((sale) => sale.items.map((item) => card(sale, item, standing(sale, now))));

function card(sale, item, shelf) {
  const [state, chip] = badge(sale, item, shelf);
  return h("li", {}, h(`article.card.product.${shelf}`, { "data-testid": "sale-card", "data-sale": sale.id },
    photo(item.product, { alt: "", loading: "lazy" }),
    h("span.chip", { "data-state": state, t: chip }),
    h("div", {},
      h("h3", {}, h("a", { href: `/sale/${sale.id}${sale.items.length > 1 ? `#${item.id}` : ""}` }, item.product.name)),
      h("p.muted", { t: ["text", { text: () => dayTime(shelf === "coming" ? sale.opens_at : sale.closes_at) }] }),
      price(item),
      h("p.muted", { t: ["home.limited", { n: item.allotment }] }))));
}

function badge(sale, item, shelf) {
  if (shelf === "past") return ["closed", "badge.closed"];
  if (shelf === "coming") return sale.state === "waiting_room" ? ["coming", "badge.waiting_room"] : ["coming", "badge.coming"];
  if (sale.state === "paused") return ["paused", "badge.paused"];
  return item.state === "on_sale" ? ["open", "badge.open"] : ["closed", `badge.${item.state}`];
}
