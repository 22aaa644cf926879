// Who did what to this sale?
import { h } from "../ui/dom.js";
import { dayTime } from "../ui/format.js";
import { errorText } from "../ui/i18n.js";

const READ_MS = 10_000;
const LINES = 50;

export function audit(session, saleId) {
  const rows = h("tbody", { "data-testid": "audit-rows" });
  const fault = h("p.fault", { role: "status" });
  const el = h("div.card", {},
    h("h2", { id: "audit-title", t: "audit.title" }), fault,
    h("div.scroll", { tabindex: 0, role: "region", "aria-labelledby": "audit-title" },
      h("table", {}, h("thead", {}, h("tr", {}, ["audit.at", "audit.action", "audit.actor", "audit.detail"].map((t) => h("th", { scope: "col", t })))), rows)));

  const read = async () => {
    try {
      const { items } = await session.send(`/admin/audit?sale_id=${saleId}&limit=${LINES}`);
      fault.textContent = "";
      rows.replaceChildren(...items.map(row));
    } catch (problem) {
      fault.textContent = errorText(problem);
    }
  };
  const timer = setInterval(() => document.visibilityState === "visible" && read(), READ_MS);
  read();
  return { el, read, stop: () => clearInterval(timer) };
}

function row({ at, actor_id, action, detail }) {
  const text = typeof detail === "string" ? detail : JSON.stringify(detail ?? "");
  return h("tr", {}, [dayTime(at), action, actor_id?.slice(0, 8) ?? "", text].map((cell) => h("td", {}, cell)));
}
