// How is a card typed in? The number stays in this module and is never stored or sent.
import { byId, h } from "../ui/dom.js";
import { brand, codeIsValid, covered, digits, expiryIsValid, expiryText, grouped, numberIsValid, TEST_CARDS, tokenOf } from "./card.js";

const MAX_DIGITS = 19;

/** The card fields; `changed()` is called whenever their validity may have changed. */
export function cardForm(changed) {
  const field = { number: byId("card-number"), expiry: byId("card-expiry"), code: byId("card-cvc") };
  let number = "";

  const rules = {
    number: () => numberIsValid(number),
    expiry: () => expiryIsValid(field.expiry.value),
    code: () => codeIsValid(field.code.value, number),
  };

  const type = () => {
    const caret = digits(field.number.value.slice(0, field.number.selectionStart)).length;
    number = digits(field.number.value).slice(0, MAX_DIGITS);
    field.number.value = grouped(number);
    if (document.activeElement === field.number) field.number.setSelectionRange(...Array(2).fill(place(field.number.value, caret)));
    byId("card-brand").textContent = brand(number);
    judge("number");
    judge("code");
  };

  const judge = (name, final = false) => {
    const good = rules[name]();
    // Red only when it cannot become right by typing on: nobody is told off while typing.
    const full = final || (name === "number" ? number.length >= 16 : field[name].value.length >= (name === "code" ? 4 : 5));
    const says = good ? "yes" : full && field[name].value ? "no" : "";
    field[name].dataset.valid = says;
    field[name].setAttribute("aria-invalid", says === "no");
    changed();
  };

  const fill = (value) => {
    number = value;
    field.expiry.value = `12/${String(new Date().getFullYear() + 3).slice(2)}`;
    field.code.value = "123";
    field.number.value = grouped(number);
    byId("card-brand").textContent = brand(number);
    for (const name of Object.keys(field)) judge(name, true);
  };

  field.number.addEventListener("input", type);
  field.number.addEventListener("focus", () => {
    // Whoever comes by the tab key finds it all selected, and types over it.
    const all = field.number.selectionStart === 0 && field.number.selectionEnd === field.number.value.length;
    field.number.value = grouped(number);
    if (all) field.number.select();
  });
  field.number.addEventListener("blur", () => {
    judge("number", true);
    field.number.value = covered(number);
  });
  field.expiry.addEventListener("input", (event) => {
    if (!event.inputType?.startsWith("delete")) field.expiry.value = expiryText(field.expiry.value);
    judge("expiry");
  });
  field.expiry.addEventListener("blur", () => judge("expiry", true));
  field.code.addEventListener("input", () => ((field.code.value = digits(field.code.value)), judge("code")));
  field.code.addEventListener("blur", () => judge("code", true));
  byId("test-cards").append(testCards(fill));

  return { valid: () => Object.values(rules).every((rule) => rule()), token: () => tokenOf(number) };
}

// The caret goes behind the same digit as before the spaces were set anew.
function place(text, count) {
  let at = 0;
  for (let seen = 0; at < text.length && seen < count; at++) if (text[at] !== " ") seen += 1;
  return at;
}

function testCards(fill) {
  return h("ul", {}, TEST_CARDS.map(([number, token, does]) =>
    h("li", {}, h("button.quiet", { type: "button", onclick: () => fill(number), "data-testid": `test-card-${token}` },
      h("code", {}, grouped(number)), h("span", { t: does })))));
}
