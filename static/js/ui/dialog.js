// How is a person asked before something happens?
import { h } from "./dom.js";

/**
 * Asks in a modal dialog.
 * @param {{title: any, text: any, ok: any, cancel?: any, danger?: boolean, testid?: string}} words catalogue keys
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, ok, cancel = "dialog.cancel", danger = false, testid = "dialog" }) {
  const heading = h("h2", { t: title, id: "dialog-title" });
  const yes = h(danger ? "button.danger" : "button.primary", { value: "yes", t: ok, "data-testid": `${testid}-ok` });
  const no = cancel && h("button", { value: "no", t: cancel, "data-testid": `${testid}-cancel`, autofocus: danger });
  const body = [text].flat(1);
  const el = h("dialog", { "aria-labelledby": "dialog-title", "data-testid": testid },
    h("form", { method: "dialog" }, heading, body.map((x) => (typeof x === "string" ? h("p", { t: x }) : x)), h("div.row.end", {}, no, yes)));
  document.body.append(el);
  el.showModal();
  return new Promise((done) => {
    el.addEventListener("close", () => {
      el.remove();
      done(el.returnValue === "yes");
    });
  });
}
