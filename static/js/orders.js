// The list of one's orders.
import { byId, showPane } from "./ui/dom.js";
import { errorText } from "./ui/i18n.js";
import { orderCard } from "./order/card.js";
import { startPage } from "./ui/shell.js";

const session = await startPage({ words: ["shop"] });
let next = null;

byId("more").addEventListener("click", () => load(next));
document.addEventListener("languagechange", () => load(null));
if (session.signedIn) load(null);
else location.replace("/account?next=/orders");

async function load(cursor) {
  try {
    const page = await session.send(`/me/orders${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
    const cards = page.items.map(orderCard);
    if (cursor) byId("orders").append(...cards);
    else byId("orders").replaceChildren(...cards);
    next = page.next;
    byId("more").hidden = !next;
    showPane(byId("orders").childElementCount ? "list" : "none");
  } catch (problem) {
    if (problem.status === 401) location.replace("/account?next=/orders");
    byId("fault").textContent = errorText(problem);
    showPane("");
  }
}
