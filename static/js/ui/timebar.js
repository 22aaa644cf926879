// How long may the buyer still pay?
import { h } from "./dom.js";
import { minutes } from "./format.js";
import { t } from "./i18n.js";
import { tickDown } from "./time.js";

const SOON_MS = 60_000;

/**
 * A bar that shrinks until `deadline`.
 * @param {{clock: {now(): number}, deadline: number, totalMs: number, frozenAt?: number|null, onend?: () => void}} options
 *   `frozenAt`: a paused sale stops every clock; the bar then stands still
 */
export function timebar({ clock, deadline, totalMs, frozenAt, onend }) {
  const left = h("b", { "data-testid": "time-left" });
  const fill = h("i.timebar-fill");
  const label = h("span", { t: frozenAt ? "time.stopped" : "time.left" });
  const track = h("div.timebar-track", { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": Math.round(totalMs / 1000), "aria-labelledby": "time-left-label" }, fill);
  label.id = "time-left-label";
  const el = h("div.timebar", {}, h("p", {}, label, " ", left), track);
  const show = (ms) => {
    left.textContent = minutes(ms);
    left.dataset.seconds = Math.ceil(ms / 1000);
    fill.style.setProperty("--part", Math.min(1, ms / totalMs));
    el.classList.toggle("is-soon", ms < SOON_MS);
    track.setAttribute("aria-valuenow", Math.ceil(ms / 1000));
    track.setAttribute("aria-valuetext", t("countdown.label", { d: 0, h: 0, m: Math.floor(ms / 60_000), s: Math.ceil(ms / 1000) % 60 }));
    if (ms === 0) onend?.();
  };
  if (frozenAt) {
    show(Math.max(1, deadline - frozenAt));
    return { el, stop() {} };
  }
  return { el, stop: tickDown(clock, deadline, show) };
}
