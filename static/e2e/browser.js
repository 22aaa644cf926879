// One Chromium for a test file, and people with the devices, languages and clocks that they bring.

import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-headless-shell"].find((path) => existsSync(path));
// Nothing but the pages under test is asked of any network.
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const WAIT_MS = 15_000;

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1280, height: 900 };

export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

/**
 * A person with a device of their own. What their pages throw, and what the content policy stops, is kept in `faults`, what
 * a server refused in `refusals`, and requests to any other host in `strangers`.
 * @param {{clockOffMs?: number, rules?: boolean}} options `clockOffMs`: how wrong the device's clock is; `rules`: not yet seen
 */
export async function person(browser, house, { viewport = DESKTOP, locale = "en-US", dark = false, clockOffMs = 0, rules = false } = {}) {
  const phone = viewport === PHONE;
  const context = await browser.newContext({
    baseURL: house.url, viewport, locale, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", isMobile: phone, hasTouch: phone,
  });
  context.setDefaultTimeout(WAIT_MS);
  if (clockOffMs) await context.addInitScript(setClock, clockOffMs);
  // The rules of the house greet every first visit; only their own test wants to meet them.
  if (!rules) await context.addInitScript(knowTheRules);
  const faults = [];
  const refusals = [];
  const strangers = [];
  context.on("request", (request) => /^(https?|wss?):/.test(request.url()) && new URL(request.url()).host !== new URL(house.url).host && strangers.push(request.url()));
  context.on("weberror", (error) => faults.push(String(error.error())));
  context.on("console", (line) => {
    if (line.type() !== "error") return;
    (/status of 4\d\d/.test(line.text()) ? refusals : faults).push(`${line.text()} (${line.location().url})`);
  });
  await house.furnish?.(context);
  const page = await context.newPage();
  return { context, page, faults, refusals, strangers };
}

// Both clocks that a page can read are wrong in the same way, as on a machine whose clock was set wrong.
function setClock(offMs) {
  const Real = Date;
  globalThis.Date = class Date extends Real {
    constructor(...parts) {
      super(...(parts.length ? parts : [Real.now() + offMs]));
    }
    static now() {
      return Real.now() + offMs;
    }
  };
  const origin = performance.timeOrigin + offMs;
  Object.defineProperty(Performance.prototype, "timeOrigin", { get: () => origin });
}

function knowTheRules() {
  try {
    localStorage.setItem("miaosha.rules", String(Number.MAX_SAFE_INTEGER));
  } catch {
    // A frame without an origin has no storage, and no rules either.
  }
}

/** What axe finds on the page as it stands, by all its rules or by some; empty is right. */
export async function axe(page, rules) {
  // As a file of its own the page's content policy would keep it out; evaluated by the tool it is not the page's script.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(await readFile(AXE, "utf8"));
  const options = { resultTypes: ["violations"], ...(rules ? { runOnly: { type: "rule", values: rules } } : {}) };
  const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), options);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
