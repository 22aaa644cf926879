// The first page: which sale is next, and what else is there?
import { ServerClock } from "./lib/clock.js";
import { request } from "./lib/http.js";
import { readSale } from "./lib/versions.js";
import { cards, standing } from "./home/cards.js";
import { hero } from "./home/hero.js";
import { rulesOnFirstVisit } from "./home/rules.js";
import { byId } from "./ui/dom.js";
import { errorText } from "./ui/i18n.js";
import { startPage } from "./ui/shell.js";

const REREAD_MS = 45_000;
const SHELVES = ["live", "coming", "past"];

const clock = new ServerClock();
let shownHero = { key: "", stop() {} };

await startPage({ words: ["home"] });
await refresh();
rulesOnFirstVisit();
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
document.addEventListener("languagechange", () => ((shownHero.key = ""), refresh()));

// This page holds no socket: those are for the people who wait for one sale. Asking now and then is enough here.
async function refresh() {
  clearTimeout(refresh.timer);
  refresh.timer = setTimeout(refresh, REREAD_MS * (0.8 + Math.random() * 0.4));
  try {
    const asked = clock.local();
    const { items, server_time } = await request("/api/v1/sales");
    clock.sample(asked, Date.parse(server_time));
    byId("fault").textContent = "";
    draw(items.map(readSale).filter((sale) => sale.items.length > 0));
  } catch (problem) {
    byId("fault").textContent = errorText(problem);
  }
}

function draw(sales) {
  const now = clock.now();
  const by = { live: [], coming: [], past: [] };
  for (const sale of sales) by[standing(sale, now)].push(sale);
  by.live.sort((a, b) => a.closes_at - b.closes_at);
  by.coming.sort((a, b) => a.opens_at - b.opens_at);
  by.past.sort((a, b) => b.closes_at - a.closes_at);
  drawHero(by.live.find((sale) => sale.items.some((i) => i.state === "on_sale")) ?? by.coming[0] ?? by.live[0]);
  for (const name of SHELVES) {
    byId(name).hidden = by[name].length === 0;
    byId(`${name}-cards`).replaceChildren(...cards(by[name].slice(0, 12), now));
  }
}

function drawHero(sale) {
  const key = sale ? [sale.id, sale.version, standing(sale, clock.now()), sale.items[0].state].join() : "none";
  if (key === shownHero.key) return;
  shownHero.stop();
  shownHero = { key, ...hero(sale, clock, () => setTimeout(refresh, 500)) };
  byId("hero").replaceChildren(shownHero.el);
}
