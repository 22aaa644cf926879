// Which language does the page speak, and how does a text get onto it?

const KEY = "miaosha.lang";
export const LANGUAGES = { en: "English", "zh-TW": "繁體中文" };

const params = new WeakMap();
let parts = [];
let words = {};
let lang = "en";

export const language = () => lang;

/** Loads the remembered or the browser's language; `extra` names further parts of its catalogue. */
export async function startLanguage(extra = []) {
  parts = ["", ...extra.map((part) => `.${part}`)];
  await load(localStorage.getItem(KEY) ?? preferred());
  translate(document);
}

export async function addWords(part) {
  if (parts.includes(`.${part}`)) return;
  parts.push(`.${part}`);
  await load(lang);
}

/** In place: forms keep what was typed. */
export async function changeLanguage(next) {
  localStorage.setItem(KEY, next);
  await load(next);
  translate(document);
  document.dispatchEvent(new Event("languagechange"));
}

function preferred() {
  return (navigator.languages ?? [navigator.language]).some((l, i) => i < 2 && /^zh/i.test(l)) ? "zh-TW" : "en";
}

async function load(wanted) {
  const next = wanted in LANGUAGES ? wanted : "en";
  const catalogues = await Promise.all(parts.map((part) => import(`../i18n/${next}${part}.js`)));
  words = Object.assign({}, ...catalogues.map((c) => c.default));
  lang = next;
  document.documentElement.lang = next;
}

/** The text of a key. `{n}` takes a value; `{n|unit|units}` takes the form for one or for many. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
    const value = typeof values[name] === "function" ? values[name]() : values[name];
    if (one !== undefined) return value === 1 ? one : many;
    return typeof value === "number" ? value.toLocaleString(lang) : (value ?? "");
  });
}

export const has = (key) => key in words;

/** A text that follows the language; values that are functions are asked again. */
export function put(el, key, values) {
  el.dataset.t = key;
  params.set(el, values);
  el.textContent = t(key, values);
  return el;
}

function translate(root) {
  for (const el of root.querySelectorAll("[data-t]")) el.textContent = t(el.dataset.t, params.get(el));
  for (const name of ["aria-label", "placeholder", "alt"]) {
    for (const el of root.querySelectorAll(`[data-t-${name}]`)) el.setAttribute(name, t(el.getAttribute(`data-t-${name}`)));
  }
}

// Codes between which only a program need tell apart.
const SAME = [
  ["unavailable", /^(busy|stopping|full_house)$/],
  ["timeout", /^(timed_out|request_timeout)$/],
  ["unauthorized", /^(token_expired|invalid_(token|refresh_token|pass))$/],
  ["bad_request", /^(body_|malformed_|missing_|unsupported_|method_|upgrade_|foreign_|invalid_query)/],
];

export const errorKey = (code) => `error.${SAME.find(([, like]) => like.test(code))?.[0] ?? code}`;

/** What a refusal says to people; a code that nobody translated speaks with its own detail. */
export function errorText({ code, detail, retryAfterMs }) {
  const key = errorKey(code);
  return has(key) ? t(key, { wait: () => span(retryAfterMs || 3_000) }) : detail || t("error.unknown");
}

function span(ms) {
  const [unit, unitMs] = ms <= 90_000 ? ["second", 1_000] : ["minute", 60_000];
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(Math.ceil(ms / unitMs));
}
