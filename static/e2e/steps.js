// What people do in the pages, as the tests say it.

import assert from "node:assert/strict";
import { until } from "./house.js";

export const id = (name) => `[data-testid="${name}"]`;

/** Waits until the sale page shows one of these states; what it shows instead is in the failure. */
export async function shows(page, states, limitMs = 15_000) {
  const wanted = [states].flat();
  let seen = "nothing";
  await until("", async () => wanted.includes((seen = await state(page))), limitMs).catch(() => {
    throw new Error(`the page shows ${seen}, not ${wanted.join(" or ")}, after ${limitMs} ms`);
  });
  return seen;
}

export const state = (page) => page.locator(id("claim-state")).getAttribute("data-state", { timeout: 1_000 }).catch(() => "nothing");

/** The whole seconds that a countdown or a time bar shows. */
export async function seconds(page, name) {
  return Number(await page.locator(id(name)).first().getAttribute("data-seconds"));
}

/** On the account page; ends where the visitor came from. */
export async function signUp(page, { email, password, name }) {
  await page.locator(id("tab-sign-up")).click();
  if (name) await page.locator(id("name")).fill(name);
  await enter(page, { email, password });
  await signedIn(page);
}

export async function signIn(page, { email, password }, next = "/") {
  await page.goto(`/account?next=${encodeURIComponent(next)}`);
  await enter(page, { email, password });
  await signedIn(page);
}

export async function enter(page, { email, password }) {
  await page.locator(id("email")).fill(email);
  await page.locator(id("password")).fill(password);
  await page.locator(id("account-submit")).click();
}

async function signedIn(page) {
  await page.waitForURL((url) => url.pathname !== "/account");
  await page.waitForSelector(`${id("account-link")}[data-signed-in]`);
}

/** Opens the sale as that buyer. */
export async function at(person, buyer, sale) {
  await signIn(person.page, buyer, `/sale/${sale.id}`);
  await person.page.waitForSelector(id("claim-state"));
}

/** One tap, as soon as there is something to tap. */
export async function claim(page) {
  await page.waitForSelector(`${id("claim-button")}:enabled`);
  await page.locator(id("claim-button")).click();
}

export async function fillShipping(page, { name = "Ann Lee", phone = "+886 2 1234 5678", address = "1 Market Street, Taipei" } = {}) {
  await page.locator(id("ship-name")).fill(name);
  await page.locator(id("ship-phone")).fill(phone);
  await page.locator(id("ship-address")).fill(address);
}

/** After this long without a request a tap has hit nothing. */
const TAP_AGAIN_MS = 3_000;

/** Fills in one of the sandbox cards, as in `tok_approve`, and pays. */
export async function payWith(page, token) {
  const cards = page.locator(id("test-cards"));
  if ((await cards.getAttribute("open")) === null) await cards.locator("summary").click();
  await page.locator(id(`test-card-${token}`)).click();
  // A tap that meets a page on the move hits nothing; people tap again, and the key of the try makes that harmless.
  const asked = page.waitForRequest("**/api/v1/checkout", { timeout: TAP_AGAIN_MS }).then(() => true, () => false);
  await page.locator(id("pay-button")).click();
  if (await asked) return;
  process.stderr.write(`tapped twice: ${await page.locator(id("pay-button")).evaluate((b) => `${b.disabled} ${b.textContent}`)}\n`);
  await page.locator(id("pay-button")).click();
}

/** From a held unit to the page of its order. */
export async function payHeld(page, token = "tok_approve") {
  await page.locator(id("pay-now")).click();
  await page.waitForSelector(id("ship-name"));
  await fillShipping(page);
  await payWith(page, token);
  await onOrder(page);
}

export async function onOrder(page) {
  await page.waitForSelector(`${id("order")}[data-state=paid]`);
  assert.match(page.url(), /\/orders\/[^/]+$/);
}

/** No page of these people threw, met its content policy, or asked another host. */
export function allWell(...people) {
  for (const { faults, strangers } of people) {
    assert.deepEqual(faults, []);
    assert.deepEqual(strangers, []);
  }
}
