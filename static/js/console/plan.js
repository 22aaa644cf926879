// How is a sale planned?
import { byId, h } from "../ui/dom.js";
import { errorText } from "../ui/i18n.js";
import { readPlan } from "./planbody.js";

const PICTURES = ["console", "chair", "watch", "laptop", "parcel"];
const MINUTE_MS = 60_000;

/** Opens the form in its dialog; `planned(sale)` is called when the server has taken it. */
export async function planDialog(session, planned) {
  const { items: products } = await session.send("/products").catch(() => ({ items: [] }));
  const fault = h("p.fault", { role: "alert", "data-testid": "plan-error" });
  const dialog = byId("plan");
  const form = h("form", {}, h("h2", { t: "console.plan", id: "plan-title" }), sections(products), fault, buttons(dialog));
  wire(form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.textContent = "";
    try {
      const sale = await session.send("/admin/sales", { method: "POST", body: readPlan(Object.fromEntries(new FormData(form))) });
      dialog.close();
      planned(sale);
    } catch (problem) {
      fault.textContent = problem.key ? errorText({ code: problem.key }) : errorText(problem);
    }
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}

function sections(products) {
  const now = Date.now();
  return [
    group("plan.when",
      field("title", { required: true, maxlength: 120 }),
      pair(field("opens_at", { type: "datetime-local", required: true, step: 1, value: local(now + 2 * MINUTE_MS) }), field("closes_at", { type: "datetime-local", required: true, step: 1, value: local(now + 32 * MINUTE_MS) })),
      field("waiting_room_opens_at", { type: "datetime-local", step: 1 })),
    group("plan.product",
      choice("product_id", [["", "plan.new_product"], ...products.map((p) => [p.id, p.name])]),
      h("div.new-product", {}, field("name", { maxlength: 120, required: true }), field("description", { maxlength: 500 }), choice("image_url", PICTURES.map((p) => [`/static/img/${p}.svg`, `plan.picture.${p}`])))),
    group("plan.terms",
      pair(field("price", { type: "number", min: 0, step: "0.01", required: true }), field("list_price", { type: "number", min: 0, step: "0.01" }), field("currency", { value: "TWD", pattern: "[A-Z]{3}", required: true, maxlength: 3 })),
      pair(field("allotment", { type: "number", min: 1, required: true, value: 100 }), field("purchase_limit", { type: "number", min: 1, value: 1 })),
      pair(field("hold_s", { type: "number", min: 5, value: 600 }), field("standby_limit", { type: "number", min: 0 }))),
    group("plan.question",
      field("question", { maxlength: 200 }),
      h("div.field", {}, h("label", { for: "plan-options", t: "plan.options" }), h("textarea", { id: "plan-options", name: "options", "data-testid": "plan-options" })),
      field("answer", { maxlength: 100 })),
  ];
}

const group = (key, ...fields) => h("fieldset.group", {}, h("legend", { t: key }), fields);

const pair = (...fields) => h("div.fields", {}, fields);

function field(name, props) {
  const id = `plan-${name}`;
  return h("div.field", {}, h("label", { for: id, t: `plan.${name}` }), h("input", { id, name, "data-testid": id, ...props }));
}

function choice(name, options) {
  const id = `plan-${name}`;
  const text = (label) => (label.startsWith("plan.") ? { t: label } : { t: ["text", { text: label }] });
  return h("div.field", {}, h("label", { for: id, t: `plan.${name}` }), h("select", { id, name, "data-testid": id }, options.map(([value, label]) => h("option", { value, ...text(label) }))));
}

function buttons(dialog) {
  return h("div.row.end", {},
    h("button", { type: "button", t: "dialog.cancel", onclick: () => dialog.close() }),
    h("button.primary", { t: "plan.submit", "data-testid": "plan-submit" }));
}

// A product from the catalogue needs no name; a hidden required field would keep the form from being sent.
function wire(form) {
  form.elements.product_id.addEventListener("change", ({ target }) => {
    form.querySelector(".new-product").hidden = target.value !== "";
    form.elements.name.required = target.value === "";
  });
}

/** The text that `datetime-local` wants: local time without a zone. */
function local(instant) {
  const at = new Date(instant - new Date(instant).getTimezoneOffset() * MINUTE_MS);
  return at.toISOString().slice(0, 19);
}
