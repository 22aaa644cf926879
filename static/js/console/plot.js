// What happened in the last two minutes, as lines?
import { h, svg } from "../ui/dom.js";
import { t } from "../ui/i18n.js";

const POINTS = 120;
const WIDTH = 600;
const HEIGHT = 160;

/** A line plot of the named figures; the same is said in words below it. */
export function plot(names) {
  const series = Object.fromEntries(names.map((name) => [name, []]));
  const lines = Object.fromEntries(names.map((name, i) => [name, svg("polyline", { class: `line line-${i}`, points: "" })]));
  const top = h("span.muted");
  const words = h("p.muted", { "data-testid": "plot-text" });
  const el = h("figure.plot", {},
    h("div.legend", { "aria-hidden": "true" }, names.map((name, i) => h("span", {}, h(`i.key.line-${i}`), h("span", { t: `live.${name}` }))), top),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true", "data-testid": "plot" }, grid(), Object.values(lines)),
    h("figcaption", {}, words));

  const add = (figures) => {
    for (const name of names) series[name] = [...series[name], figures[name]].slice(-POINTS);
    const most = Math.max(4, ...names.flatMap((name) => series[name]));
    top.textContent = t("plot.top", { n: most });
    for (const name of names) lines[name].setAttribute("points", points(series[name], most));
    words.textContent = names.map((name) => t("plot.words", { name: t(`live.${name}`), from: series[name][0], to: series[name].at(-1) })).join(" ");
  };
  return { el, add };
}

function grid() {
  return [0, 0.5, 1].map((part) => svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: place(part), y2: place(part) }));
}

const place = (part) => (HEIGHT - 4) * (1 - part) + 2;

/** The newest value stands at the right edge; one second is one step to the left. */
export function points(values, most) {
  const step = WIDTH / (POINTS - 1);
  return values.map((v, i) => `${(WIDTH - (values.length - 1 - i) * step).toFixed(1)},${place(v / most).toFixed(1)}`).join(" ");
}
