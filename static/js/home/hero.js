// What is the one thing to do on the first page?
import { countdown } from "../ui/countdown.js";
import { h, photo } from "../ui/dom.js";
import { dayTime } from "../ui/format.js";
import { price } from "../ui/price.js";
import { standing } from "./cards.js";

/** The hero for a sale that is live or comes next; without one it says so. */
export function hero(sale, clock, changed) {
  if (!sale) return { el: h("div.hero-in.hero-empty", {}, h("div", {}, h("h1", { t: "home.none" }), h("p", { t: "home.none.text" }))), stop() {} };
  const [item] = sale.items;
  const live = standing(sale, clock.now()) === "live";
  const timer = countdown({ clock, target: live ? sale.closes_at : sale.opens_at, from: live ? sale.opens_at : sale.waiting_room_opens_at, onend: changed });
  const el = h("div.hero-in", {},
    h("div", {},
      h("p.eyebrow", {}, sale.title),
      h("h1", {}, item.product.name),
      price(item),
      h("p", { t: [live ? "home.closes" : "home.opens", { at: () => dayTime(live ? sale.closes_at : sale.opens_at) }] }),
      timer.el,
      h("a.button.primary.big", { href: `/sale/${sale.id}`, t: live ? "home.go" : "home.wait", "data-testid": "hero-link" })),
    h("figure.photo", {}, photo(item.product, { fetchpriority: "high" })));
  return { el, stop: timer.stop };
}
