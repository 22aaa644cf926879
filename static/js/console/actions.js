// What may staff do with a sale in its present state?
import { h } from "../ui/dom.js";
import { errorText } from "../ui/i18n.js";
import { ask } from "../ui/dialog.js";
import { toast } from "../ui/toast.js";

const BEFORE = ["draft", "scheduled", "waiting_room"];
const RUNNING = ["open", "paused"];

// Each verb with the states that allow it; those that many buyers feel at once are asked about first.
const VERBS = [
  { verb: "open", when: BEFORE, sure: true },
  { verb: "pause", when: ["open"], sure: true },
  { verb: "resume", when: ["paused"] },
  { verb: "extend", when: [...BEFORE, ...RUNNING], form: extendForm },
  { verb: "restock", when: [...BEFORE, ...RUNNING], form: restockForm },
  { verb: "close", when: ["scheduled", "waiting_room", ...RUNNING], sure: true, danger: true },
  { verb: "repeat", when: ["closed", "reconciled"] },
];

/** The buttons for the state of `sale`; `acted(answer)` is called with what the server says. */
export function actions(session, sale, acted) {
  return VERBS.filter(({ when }) => when.includes(sale.state)).map((action) =>
    h(action.danger ? "button.danger" : "button", { type: "button", t: `action.${action.verb}`, "data-testid": `action-${action.verb}`, onclick: () => run(session, sale, action, acted) }));
}

async function run(session, sale, { verb, sure, danger, form }, acted) {
  const fields = form?.(sale);
  if (sure || fields) {
    const text = fields ? fields.el : h("p", { t: [`action.${verb}.text`, { title: sale.title }] });
    const yes = await ask({ title: `action.${verb}`, text, ok: `action.${verb}`, danger, testid: "confirm" });
    if (!yes) return;
  }
  try {
    const answer = await session.send(`/admin/sales/${sale.id}/${verb}`, { method: "POST", body: fields?.value() ?? {} });
    toast(`action.${verb}.done`);
    acted(answer);
  } catch (problem) {
    toast("text", { text: errorText(problem) });
  }
}

function extendForm(sale) {
  const input = h("input", { id: "extend-minutes", type: "number", min: 1, max: 10080, value: 10, required: true, "data-testid": "extend-minutes" });
  const el = h("div.field", {}, h("label", { for: "extend-minutes", t: "action.extend.minutes" }), input);
  const value = () => ({ closes_at: new Date(Date.parse(sale.closes_at) + Number(input.value) * 60_000).toISOString() });
  return { el, value };
}

function restockForm(sale) {
  const units = h("input", { id: "restock-units", type: "number", min: 1, max: 1_000_000, value: 10, required: true, "data-testid": "restock-units" });
  const item = h("select", { id: "restock-item", "data-testid": "restock-item" }, sale.items.map((i) => h("option", { value: i.id }, i.product.name)));
  const el = h("div", {},
    h("div.field", {}, h("label", { for: "restock-item", t: "console.item" }), item),
    h("div.field", {}, h("label", { for: "restock-units", t: "action.restock.units" }), units));
  return { el, value: () => ({ sale_item_id: item.value, units: Number(units.value) }) };
}
