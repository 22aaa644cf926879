// How are money and instants written for people?
import { language } from "./i18n.js";

/** `{amount_minor, currency}` in the reader's way; New Taiwan dollars are spoken of without cents. */
export function money({ amount_minor, currency }) {
  const style = { style: "currency", currency };
  const digits = new Intl.NumberFormat("en", style).resolvedOptions().maximumFractionDigits;
  const whole = currency === "TWD" ? { maximumFractionDigits: 0 } : {};
  return new Intl.NumberFormat(language(), { ...style, ...whole }).format(amount_minor / 10 ** digits);
}

const DAY_TIME = { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };

const format = (options) => new Intl.DateTimeFormat(language(), options);
const at = (instant, options) => format(options).format(new Date(instant));

/** Day and time with the name of the reader's time zone. */
export const dayTime = (instant) => at(instant, DAY_TIME);

/** From one instant to another, saying what they share only once. */
export const timeSpan = (from, to) => format(DAY_TIME).formatRange(from, to);

export const clockTime = (instant) => at(instant, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const day = (instant) => at(instant, { weekday: "long", month: "long", day: "numeric" });

/** Minutes and seconds, for bars and buttons: `9:05`. */
export function minutes(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
