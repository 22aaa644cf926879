// One order: number, item, total, where it goes.
import { byId, h, photo, showPane } from "./ui/dom.js";
import { day, dayTime, money } from "./ui/format.js";
import { errorText } from "./ui/i18n.js";
import { startPage } from "./ui/shell.js";

const PARCEL_MS = 3 * 86_400_000;
const orderId = location.pathname.split("/")[2];
const isNew = location.search === "?new";

const session = await startPage({ words: ["shop"] });
document.addEventListener("languagechange", load);
if (session.signedIn) load();
else location.replace(`/account?next=${encodeURIComponent(location.pathname)}`);

async function load() {
  try {
    byId("order").replaceChildren(...show(await session.send(`/me/orders/${encodeURIComponent(orderId)}`)));
    showPane("order");
  } catch (problem) {
    byId("fault").textContent = errorText(problem);
    showPane("missing");
  }
}

function show(order) {
  const parcel = Date.parse(order.created_at) + PARCEL_MS;
  return [
    isNew && h("p.cheer", { t: "order.cheer", role: "status" }),
    h("article.card", { "data-testid": "order", "data-state": order.state },
      h("h1", { t: isNew ? "order.yours" : "order.title" }),
      h("div.order-head", {}, photo(order.product),
        h("div", {}, h("h2", {}, order.product.name), h("p.state-chip", { t: `order.state.${order.state}` }))),
      h("p.note", { t: ["order.mail", { to: order.mail_to }], "data-testid": "mail-note" }),
      order.state === "paid" && h("p.muted", { t: ["order.parcel", { day: () => day(parcel) }] }),
      h("dl.order-facts", {},
        fact("order.number", h("dd", { "data-testid": "order-number" }, order.number)),
        fact("order.placed", h("dd", {}, dayTime(order.created_at))),
        fact("checkout.quantity", h("dd", {}, String(order.quantity))),
        fact("checkout.total", h("dd", { "data-testid": "order-total" }, money(order.total))),
        fact("checkout.shipping", h("dd", { "data-testid": "order-shipping" }, [order.shipping.name, order.shipping.phone, order.shipping.address].join(", ")))),
      h("p", {}, h("a", { href: "/orders", t: "orders.title" }))),
  ].filter(Boolean);
}

const fact = (key, value) => h("div", {}, h("dt", { t: key }), value);
