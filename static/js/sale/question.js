// Which answer has the buyer chosen? It may be chosen before the opening, and a reload does not lose it.
import { h } from "../ui/dom.js";

const key = (itemId) => `miaosha.answer.${itemId}`;

export const chosenAnswer = (itemId) => sessionStorage.getItem(key(itemId)) ?? undefined;

export const forgetAnswer = (itemId) => sessionStorage.removeItem(key(itemId));

/** The question as a group of radio buttons; `complain(key)` shows what is wrong beside it. */
export function question(item) {
  const fault = h("p.fault", { id: "question-fault", role: "alert" });
  const el = h("fieldset.question", { "data-testid": "question", "aria-describedby": "question-fault" },
    h("legend", {}, h("small", { t: "question.why" }), " ", item.question.text),
    item.question.options.map((text, i) => option(item.id, text, i, () => fault.replaceChildren())),
    fault);
  const complain = (text) => {
    fault.textContent = text;
    el.querySelector("input").focus();
  };
  const clear = () => {
    forgetAnswer(item.id);
    for (const input of el.querySelectorAll("input")) input.checked = false;
  };
  return { el, complain, clear };
}

function option(itemId, text, index, chosen) {
  const input = h("input", { type: "radio", name: "answer", value: text, "data-testid": `answer-${index}` });
  input.checked = chosenAnswer(itemId) === text;
  input.addEventListener("change", () => {
    sessionStorage.setItem(key(itemId), text);
    chosen();
  });
  return h("label.option", {}, input, h("span", {}, text));
}
