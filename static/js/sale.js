// The page of one sale: what is known goes to the parts that show it.
import { Miaosha } from "./miaosha.js";
import { claimForm } from "./sale/claimform.js";
import { offer } from "./sale/offer.js";
import { panel, panelKey } from "./sale/panel.js";
import { announcement, nextChange, viewOf } from "./sale/view.js";
import { announce, callBack } from "./ui/announce.js";
import { byId, h, showPane } from "./ui/dom.js";
import { addWords, errorText, has, t } from "./ui/i18n.js";
import { startPage } from "./ui/shell.js";
import { toast } from "./ui/toast.js";

const ALARM_MAX_MS = 3_600_000;
const saleId = location.pathname.split("/")[2];
const shop = new Miaosha();
await startPage({ words: ["sale"], session: shop.session });

let bodies = null;
const shown = { item: null, offer: null, form: null, panel: null, key: "", view: null, alarm: 0 };

shop.on("sale", (sale) => sale.id === saleId && sale.items[0]?.product && draw());
shop.on("claim", draw);
shop.on("session", () => buyerParts().then(draw));
shop.on("connection", ({ open }) => (byId("offline").hidden = open));
shop.on("notice", ({ code, text }) => (has(`notice.${code}`) ? toast(`notice.${code}`) : toast("text", { text })));
addEventListener("hashchange", draw);
document.addEventListener("languagechange", () => ((shown.key = ""), draw()));

await buyerParts();
try {
  await shop.watch(saleId);
  await shop.readClaims().catch(() => {});
} catch (problem) {
  byId("missing-text").textContent = errorText(problem);
  showPane("missing");
}

// Who only looks on does not need to carry the states of a claim.
async function buyerParts() {
  if (!shop.session.signedIn || bodies) return;
  const [{ CLAIM_BODIES }] = await Promise.all([import("./sale/claimstates.js"), addWords("claim")]);
  bodies = CLAIM_BODIES;
}

function draw() {
  const sale = shop.sale(saleId);
  if (!sale?.items[0]?.product) return;
  const item = sale.items.find((i) => `#${i.id}` === location.hash) ?? sale.items[0];
  if (shown.item !== item.id) drawItem(sale, item);
  shown.offer.update(sale, item);
  drawState(sale, item);
}

function drawItem(sale, item) {
  shown.panel?.stop();
  Object.assign(shown, { item: item.id, key: "", view: null, panel: null });
  document.title = `${item.product.name} · Miaosha`;
  shown.offer = offer(sale, item);
  shown.form = claimForm({ shop, sale, item });
  byId("offer").replaceChildren(shown.offer.el);
  byId("form").replaceChildren(shown.form.el);
  byId("items").replaceChildren(...(sale.items.length > 1 ? sale.items.map((i) => itemLink(i, item)) : []));
  showPane("sale");
}

function itemLink(item, current) {
  return h("a", { href: `#${item.id}`, "aria-current": item === current ? "true" : null }, item.product.name);
}

function drawState(sale, item) {
  const claim = bodies && shop.claimOn(item.id);
  const now = shop.clock.now();
  const all = { sale, item, claim, bodies, clock: shop.clock, view: viewOf({ sale, item, claim, now }), act: { withdraw, changed: () => setTimeout(draw) } };
  setAlarm(sale, now);
  shown.form.show(all.view);
  const key = panelKey(all);
  if (key === shown.key) return;
  const hadFocus = byId("state").contains(document.activeElement);
  shown.panel?.stop();
  shown.panel = panel(all);
  shown.key = key;
  byId("state").replaceChildren(shown.panel.el);
  if (hadFocus) shown.panel.el.focus();
  tell(all.view.name, item);
}

function tell(name, item) {
  const news = announcement(shown.view, name);
  shown.view = name;
  if (!news) return;
  announce(t(news[0], { name: item.product.name }), news[1]);
  if (news[1] !== "assertive") return;
  callBack(t(news[0], { name: item.product.name }));
  shown.panel.el.scrollIntoView({ block: "nearest" });
}

// The state may change by the clock alone: then nothing is heard, and it is drawn anew all the same.
function setAlarm(sale, now) {
  clearTimeout(shown.alarm);
  const at = nextChange(sale, now);
  if (at !== null) shown.alarm = setTimeout(draw, Math.min(at - now + 1, ALARM_MAX_MS));
}

async function withdraw() {
  const claim = shop.claimOn(shown.item);
  await shop.withdraw(claim.claim_id).catch((problem) => toast("text", { text: errorText(problem) }));
}
