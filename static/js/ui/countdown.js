// What does a countdown look like?
import { h, svg } from "./dom.js";
import { put, t } from "./i18n.js";
import { split, tickDown } from "./time.js";

const UNITS = ["d", "h", "m", "s"];
const FINAL_S = 10;
const ROUND = 2 * Math.PI * 54;

/** Four tiles over a bar that begins at `from`, and for the last ten seconds one number in a ring. */
export function countdown({ clock, target, from, onend }) {
  const tiles = UNITS.map((unit) => tile(unit));
  const bar = h("i.countdown-fill");
  const ring = svg("circle", { class: "ring-fill", cx: 60, cy: 60, r: 54, "stroke-dasharray": ROUND });
  const last = h("b.countdown-last");
  // Not a live region: reading out every second would drown everything else. The page announces what matters.
  const el = h("div.countdown", { role: "timer", "aria-live": "off", "data-testid": "countdown" },
    h("div.countdown-tiles", { "aria-hidden": "true" }, tiles.map((x) => x.el)),
    h("div.countdown-bar", { "aria-hidden": "true" }, bar),
    h("div.countdown-final", { "aria-hidden": "true" }, dial(ring), last));
  const start = from ?? clock.now();
  const stop = tickDown(clock, target, (left) => {
    const time = split(left);
    for (const x of tiles) x.show(time);
    el.classList.toggle("has-days", time.d > 0);
    el.classList.toggle("is-final", time.total <= FINAL_S);
    el.dataset.seconds = time.total;
    el.setAttribute("aria-label", t("countdown.label", time));
    bar.style.setProperty("--part", Math.min(1, Math.max(0, 1 - left / (target - start))));
    last.textContent = time.total;
    ring.style.strokeDashoffset = ROUND * (1 - Math.min(1, Math.max(0, time.total - 1) / FINAL_S));
    if (left === 0) onend?.();
  });
  return { el, stop };
}

function dial(fill) {
  return svg("svg", { viewBox: "0 0 120 120" }, svg("circle", { class: "ring", cx: 60, cy: 60, r: 54 }), fill);
}

function tile(unit) {
  const digits = h("b");
  const name = h("span");
  const el = h(`div.tile.tile-${unit}`, {}, digits, name);
  let shown = -1;
  const show = (time) => {
    if (time[unit] === shown) return;
    shown = time[unit];
    digits.textContent = String(shown).padStart(2, "0");
    put(name, `countdown.${unit}`, { n: shown });
    el.classList.remove("is-turning");
    requestAnimationFrame(() => el.classList.add("is-turning"));
  };
  return { el, show };
}
