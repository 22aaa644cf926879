// How is a short message shown that needs no answer?
import { h } from "./dom.js";

const SHOWN_MS = 5_000;
let box;

export const toastBox = () => (box = h("div.toasts", { role: "status" }));

/** Shows a catalogue text for five seconds. */
export function toast(key, params) {
  const el = h("p.toast", { t: [key, params] });
  box.append(el);
  setTimeout(() => el.remove(), SHOWN_MS);
}
