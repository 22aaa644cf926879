// How is the sale going, this second?
import { h } from "../ui/dom.js";
import { errorText, language, t } from "../ui/i18n.js";
import { plot } from "./plot.js";

const READ_MS = 1_000;
const TILES = ["sockets", "watching", "queue", "received", "free", "held", "paying", "paid", "standby"];
const DRAWN = ["held", "paid", "standby"];

/** Tiles and plot of one sale, read each second while the page is looked at. */
export function liveBoard(session, sale) {
  const tiles = Object.fromEntries(TILES.map((name) => [name, h("dd", { "data-testid": `live-${name}` }, "–")]));
  const lines = plot(DRAWN);
  const fault = h("p.fault", { role: "status" });
  const el = h("section.card", { "aria-labelledby": "live-title" },
    h("h2", { id: "live-title", t: "console.live" }), fault,
    h("dl.tiles", {}, TILES.map((name) => h("div", {}, h("dt", { t: `live.${name}` }), tiles[name]))),
    lines.el);
  let timer;
  let stopped = false;

  const read = async () => {
    if (document.visibilityState === "visible") await once();
    if (!stopped) timer = setTimeout(read, READ_MS);
  };
  const once = async () => {
    try {
      const figures = sums(await session.send(`/admin/sales/${sale.id}/live`));
      fault.textContent = "";
      for (const name of TILES) tiles[name].textContent = figures[name]?.toLocaleString(language()) ?? "–";
      lines.add(figures);
    } catch (problem) {
      fault.textContent = `${t("console.live.stale")} ${errorText(problem)}`;
    }
  };
  read();
  return { el, stop: () => ((stopped = true), clearTimeout(timer)) };
}

/** One figure per tile, over all items of the sale. */
export function sums(live) {
  const sum = (name) => live.items.reduce((total, item) => total + (item[name] ?? 0), 0);
  return {
    sockets: live.sockets, watching: live.watching, queue: live.queue_depth, received: live.claims.received,
    free: sum("free"), held: sum("held"), paying: sum("paying"), paid: sum("paid"), standby: sum("standby"),
  };
}
