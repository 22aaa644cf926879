// What does one order look like in a list?
import { h, photo } from "../ui/dom.js";
import { dayTime, money } from "../ui/format.js";

export function orderCard(order) {
  return h("li", {}, h("article.card.order-card", { "data-testid": "order-card" },
    photo(order.product, { alt: "" }),
    h("div", {},
      h("h2", {}, h("a", { href: `/orders/${order.id}` }, order.product.name)),
      h("p", {}, h("span.state-chip", { t: `order.state.${order.state}` }), " ", h("strong", {}, money(order.total))),
      h("p.muted", {}, `${order.number} · ${dayTime(order.created_at)}`))));
}
