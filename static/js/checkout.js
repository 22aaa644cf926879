// The checkout page: one held claim, one form, one payment.
import { ended, Miaosha, Problem } from "./miaosha.js";
import { cardForm } from "./checkout/cardform.js";
import { endTry, openTry, pay } from "./checkout/pay.js";
import { shippingForm } from "./checkout/shipping.js";
import { summary } from "./checkout/summary.js";
import { announce, callBack } from "./ui/announce.js";
import { byId, showPane } from "./ui/dom.js";
import { money } from "./ui/format.js";
import { errorText, put, t } from "./ui/i18n.js";
import { startPage } from "./ui/shell.js";
import { timebar } from "./ui/timebar.js";

const claimId = location.pathname.split("/")[2];
const shop = new Miaosha();
await startPage({ words: ["sale", "claim", "shop"], session: shop.session });
if (!shop.session.signedIn) location.replace(`/account?next=${encodeURIComponent(location.pathname)}`);

const button = byId("pay");
const card = cardForm(ready);
const shipping = shippingForm(ready);
let busy = false;
let over = false;
let gone = false;
let before = "";
let sale = null;
let item = null;
let bar = { key: "", stop() {} };

shop.on("claim", draw);
shop.on("sale", draw);
byId("pay-form").addEventListener("submit", (event) => (event.preventDefault(), button.disabled || send()));
document.addEventListener("languagechange", () => ((bar.key = ""), draw()));
start().catch((problem) => end("checkout.none", errorText(problem)));

async function start() {
  const claims = await shop.readClaims();
  const claim = claims.find((c) => c.claim_id === claimId);
  if (!claim) throw new Problem({ code: "no_claim" });
  await shop.watch(claim.sale_id);
  // An old link: a later attempt of the same buyer has taken this claim's place.
  if (!shop.claim(claimId)) return end("checkout.none", t("checkout.not_held"));
  draw();
  // A reload in the middle of a payment: find out how it ended before anything else is offered.
  if (openTry(claimId) && shop.claim(claimId)?.state === "held") send();
}

function draw() {
  const claim = shop.claim(claimId);
  sale = claim && shop.sale(claim.sale_id);
  item = sale?.items.find((i) => i.id === claim.sale_item_id);
  if (!item?.product) return;
  byId("ended-link").href = `/sale/${sale.id}`;
  if (gone) return;
  if (before === "paying" && claim.state === "held" && !busy) failedLater();
  before = claim.state;
  if (claim.state === "paid") return leave(claim.order_id);
  if (claim.state === "paying") return showPane("paying");
  if (ended(claim)) return lost(claim);
  if (claim.state !== "held") return end("checkout.none", t("checkout.not_held"));
  showPane("form");
  if (!byId("summary").childElementCount) byId("summary").append(summary(item, claim));
  drawTime(claim);
  ready();
}

// The bank said no after we had stopped listening to the request: that try is over, another one may follow.
function failedLater() {
  endTry(claimId);
  byId("pay-error").textContent = t("error.payment_declined");
}

function drawTime(claim) {
  const key = `${claim.deadline} ${sale.paused_at}`;
  if (key === bar.key) return;
  bar.stop();
  over = false;
  const onend = () => ((over = true), ready());
  bar = { key, ...timebar({ clock: shop.clock, deadline: claim.deadline, totalMs: item.hold_s * 1000, frozenAt: sale.paused_at, onend }) };
  byId("time").replaceChildren(bar.el);
}

function ready() {
  button.disabled = busy || over || !item || !shipping.valid() || !card.valid();
  button.setAttribute("aria-busy", busy);
  const total = () => (item ? money({ ...item.price, amount_minor: item.price.amount_minor * (shop.claim(claimId)?.quantity ?? 1) }) : "");
  put(button, busy ? "checkout.sending" : over ? "checkout.over" : "checkout.pay", { total });
}

async function send() {
  if (busy) return;
  busy = true;
  ready();
  byId("pay-error").textContent = "";
  const body = { purchase_pass: shop.claim(claimId).purchase_pass, payment: { method: "sandbox", token: card.token() }, shipping: shipping.value() };
  try {
    const { order } = await pay(shop.session, claimId, body, waiting);
    if (order) leave(order.id);
    else showPane("paying");
  } catch (problem) {
    refused(problem);
  } finally {
    busy = false;
    ready();
  }
}

function waiting(problem, waitMs) {
  byId("pay-error").textContent = `${errorText(problem)} ${t("checkout.asking_again", { s: Math.ceil(waitMs / 1000) })}`;
}

function refused(problem) {
  if (problem.meaning === "signed_out") return location.assign(`/account?next=${encodeURIComponent(location.pathname)}`);
  if (problem.meaning === "ended") {
    gone = true;
    return end("state.expired", errorText(problem));
  }
  showPane("form");
  byId("pay-error").textContent = problem.meaning === "again" ? t("checkout.unknown") : errorText(problem);
  // Someone knows more than this tab: another tab paid, or the deadline moved.
  shop.readClaims().catch(() => {});
}

function lost(claim) {
  endTry(claimId);
  announce(t("say.expired"), "assertive");
  callBack(t("state.expired"));
  end(claim.state === "withdrawn" ? "state.withdrawn" : "state.expired", t(claim.state === "withdrawn" ? "state.withdrawn.text" : "checkout.expired"));
}

function end(titleKey, text) {
  bar.stop();
  put(byId("ended-title"), titleKey);
  byId("ended-text").textContent = text;
  showPane("ended");
}

// The answer and the socket both tell of the order; to go there twice would load it twice.
function leave(orderId) {
  if (gone) return;
  gone = true;
  endTry(claimId);
  location.replace(orderId ? `/orders/${orderId}?new` : "/orders");
}
