// Does this visitor know the rules? Told once, then not again for an hour.
import { h } from "../ui/dom.js";

const KEY = "miaosha.rules";
const QUIET_MS = 3_600_000;
const RULES = ["rules.1", "rules.2", "rules.3", "rules.4", "rules.5"];

export async function rulesOnFirstVisit() {
  if (Date.now() - Number(localStorage.getItem(KEY) ?? 0) < QUIET_MS) return;
  const { ask } = await import("../ui/dialog.js");
  await ask({ title: "rules.title", text: h("ol", {}, RULES.map((t) => h("li", { t }))), ok: "rules.ok", cancel: null, testid: "rules" });
  localStorage.setItem(KEY, Date.now());
}
