// One Chromium for a test file, and pages in the sizes and languages that people bring.

import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-headless-shell"].find((path) => existsSync(path));
// Nothing but the pages under test is asked of any network.
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1280, height: 900 };

export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

/** A person with a device of their own; every error their page throws is kept in `faults`. */
export async function person(browser, house, { viewport = DESKTOP, locale = "en-US", dark = false } = {}) {
  const context = await browser.newContext({
    baseURL: house.url, viewport, locale, colorScheme: dark ? "dark" : "light", isMobile: viewport === PHONE, hasTouch: viewport === PHONE,
  });
  // The rules of the house greet every first visit; only their own test wants to meet them.
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  return { context, page, faults };
}

/** What axe finds on the page as it stands; empty is right. */
export async function axe(page) {
  // As a file of its own the page's content policy would keep it out; evaluated by the tool it is not the page's script.
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
