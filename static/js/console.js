// The staff console: which sales are there, and which one is being run?
import { actions } from "./console/actions.js";
import { audit } from "./console/audit.js";
import { liveBoard } from "./console/live.js";
import { planDialog } from "./console/plan.js";
import { byId, h, showPane } from "./ui/dom.js";
import { dayTime } from "./ui/format.js";
import { errorText } from "./ui/i18n.js";
import { startPage } from "./ui/shell.js";
import { toast } from "./ui/toast.js";

const REREAD_MS = 5_000;
const PAGE = 100;
const LISTED_MAX = 1_000;
let sales = [];
let chosen = { id: "", stop() {} };

const session = await startPage({ words: ["console"] });
session.addEventListener("change", guard);
byId("plan-open").addEventListener("click", () => planDialog(session, planned));
addEventListener("hashchange", choose);
document.addEventListener("languagechange", () => ((chosen.id = ""), list()));
guard();

function guard() {
  const allowed = session.user?.role === "staff";
  showPane(allowed ? "console" : "guard");
  if (allowed) list();
}

async function list() {
  clearTimeout(list.timer);
  if (session.user?.role !== "staff") return;
  list.timer = setTimeout(list, REREAD_MS);
  try {
    if (document.visibilityState !== "visible") return;
    sales = await read();
    byId("sales").replaceChildren(...sales.map(line));
    choose();
  } catch (problem) {
    if (problem.status === 403) showPane("guard");
    else toast("text", { text: errorText(problem) });
  }
}

/** The sale that the address names, or else the one that is shown: nobody is to act on another than they chose. */
function wanted() {
  return /^#([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? chosen.id;
}

/** The newest sales, and however old it is, the wanted one. */
async function read() {
  const read = [];
  const isThere = () => read.some((sale) => sale.id === wanted());
  for (let next = ""; next !== null; ) {
    const page = await session.send(`/admin/sales?limit=${PAGE}&cursor=${next}`);
    read.push(...page.items);
    next = wanted() && !isThere() && read.length < LISTED_MAX ? page.next : null;
  }
  return read;
}

function line(sale) {
  return h("li", {}, h("a", { href: `#${sale.id}`, "aria-current": location.hash === `#${sale.id}` ? "true" : null, "data-testid": "console-sale-link", "data-sale": sale.id },
    h("strong", {}, sale.title), h("span.state-chip", { "data-state": sale.state, t: `sale.state.${sale.state}` }), h("span.muted", {}, dayTime(sale.opens_at))));
}

function choose() {
  const sale = wanted() ? sales.find((s) => s.id === wanted()) : sales[0];
  for (const a of byId("sales").querySelectorAll("a")) a.toggleAttribute("aria-current", a.dataset.sale === sale?.id);
  if (!sale) return byId("chosen").replaceChildren(h("p.muted", { t: "console.none" }));
  if (sale.id !== chosen.id) show(sale);
  chosen.update(sale);
}

function show(sale) {
  chosen.stop();
  const board = liveBoard(session, sale);
  const history = audit(session, sale.id);
  const state = h("span.state-chip", { "data-testid": "console-state" });
  const when = h("span.muted");
  const buttons = h("div.row.actions", {});
  const update = (now) => {
    state.replaceChildren(h("span", { t: `sale.state.${now.state}` }));
    state.dataset.state = now.state;
    when.textContent = `${dayTime(now.opens_at)} – ${dayTime(now.closes_at)}`;
    const key = `${now.state} ${now.closes_at}`;
    if (buttons.dataset.key !== key) buttons.replaceChildren(...actions(session, now, acted));
    buttons.dataset.key = key;
  };
  const acted = (result) => {
    if (result.id !== sale.id) location.hash = result.id;
    history.read();
    list();
  };
  byId("chosen").replaceChildren(
    h("div.card", {}, h("h2", {}, sale.title), h("p.row", {}, state, when, h("a", { href: `/sale/${sale.id}`, t: "console.open_page" })), buttons),
    board.el, history.el);
  chosen = { id: sale.id, update, stop: () => (board.stop(), history.stop()) };
}

function planned(sale) {
  toast("console.planned");
  location.hash = sale.id;
  list();
}
