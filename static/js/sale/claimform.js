// How does a tap become a claim?
import { h } from "../ui/dom.js";
import { errorText, put, t } from "../ui/i18n.js";
import { buttonText } from "./panel.js";
import { chosenAnswer, question } from "./question.js";

const ASKABLE = new Set(["scheduled", "waiting_room", "paused", "open", "all_held", "expired", "withdrawn", "refused"]);

/** Question, quantity and button of one sale item. `show(view)` opens and closes them with the state. */
export function claimForm({ shop, sale, item }) {
  const asks = item.question && question(item);
  const quantity = item.purchase_limit > 1 ? quantityField(item.purchase_limit) : null;
  const button = h("button.primary.big", { type: "submit", disabled: true, "data-testid": "claim-button" });
  const fault = h("p.fault", { role: "alert", "data-testid": "claim-error" });
  const guest = guestNote();
  const el = h("form.claim", { novalidate: true }, asks?.el, quantity?.el, guest, h("div.claim-bar", {}, fault, button));
  let view = null;
  let busy = false;

  const show = (next = view) => {
    if (next.name !== view?.name) fault.replaceChildren();
    view = next;
    el.hidden = !ASKABLE.has(view.name) || (!view.ask && ["expired", "withdrawn", "refused"].includes(view.name));
    button.disabled = !view.ask || busy;
    button.setAttribute("aria-busy", busy);
    button.textContent = busy ? t("claim.sending") : buttonText(view);
    guest.hidden = shop.session.signedIn;
  };

  el.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy || button.disabled) return;
    fault.replaceChildren();
    if (!shop.session.signedIn) return location.assign(accountUrl());
    if (asks && !chosenAnswer(item.id)) return asks.complain(t("question.missing"));
    busy = true;
    show();
    await send().catch(refused);
    busy = false;
    show();
  });

  const send = () => shop.take(item.id, { quantity: quantity ? Number(quantity.input.value) : undefined, answer: chosenAnswer(item.id) });

  function refused(problem) {
    if (problem.code === "sign_in_required") return location.assign(accountUrl());
    if (problem.code === "wrong_answer" && asks) {
      asks.clear();
      return asks.complain(errorText(problem));
    }
    fault.textContent = errorText(problem);
    // What was refused may be news to this page (closed, sold out): ask what is true now.
    shop.readSale(sale.id).catch(() => {});
  }

  return { el, show };
}

const accountUrl = () => `/account?next=${encodeURIComponent(location.pathname + location.hash)}`;

function guestNote() {
  return h("p.note", {}, h("span", { t: "claim.guest" }), " ", put(h("a", { href: accountUrl(), "data-testid": "claim-sign-in" }), "claim.guest.link"));
}

function quantityField(limit) {
  const input = h("select", { id: "quantity", "data-testid": "quantity" }, Array.from({ length: limit }, (_, i) => h("option", {}, String(i + 1))));
  return { input, el: h("p.field.inline", {}, h("label", { for: "quantity", t: "claim.quantity" }), input) };
}
