// The whole journey of a buyer, on a phone and on a desktop, with a clock that is wrong; and what a bad line does to it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { DESKTOP, launch, person, PHONE } from "./browser.js";
import { House, until } from "./house.js";
import { Line } from "./line.js";
import { allWell, at, claim, fillShipping, id, onOrder, payHeld, payWith, seconds, shows, signUp } from "./steps.js";

const MINUTES = 60_000;
const QUESTION = { text: "Which of these is a fruit?", options: ["Hammer", "Pear", "Sock"], answer: "Pear" };
let house;
let browser;

before(async () => {
  // A line that went silent is noticed after a heartbeat: a short one keeps the test short.
  [house, browser] = await Promise.all([House.open(["publisher.push.heartbeat=2s"]), launch()]);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const open = (sale) => house.call("POST", `/api/v1/admin/sales/${sale.id}/open`, {}, house.staff);
const near = (a, b, by, what) => assert.ok(Math.abs(a - b) <= by, `${what}: ${a} is not within ${by} of ${b}`);

describe("from the first visit to the orders list", { concurrency: 2 }, () => {
  test("on a phone whose clock is ten minutes fast", () => journey({ viewport: PHONE, clockOffMs: 10 * MINUTES }));
  test("on a desktop whose clock is ten minutes slow", () => journey({ viewport: DESKTOP, clockOffMs: -10 * MINUTES }));
});

async function journey(device) {
  const sale = await house.plan({ opensInS: 20 * 60, item: { question: QUESTION } });
  const ann = await person(browser, house, device);
  const { page } = ann;
  const who = { email: `ann-${randomUUID()}@shop.test`, password: "a long password", name: "Ann" };
  await page.goto(`/sale/${sale.id}`);
  await shows(page, "waiting_room");
  await page.locator(id("claim-sign-in")).click();
  await signUp(page, who);
  await shows(page, "waiting_room");
  await waitForOpening(page, sale);
  await page.locator(id("claim-button")).click();
  await shows(page, "held");
  const payLink = await heldThroughReload(page);
  await checkout(page, payLink);
  await afterwards(page, who, sale);
  allWell(ann);
  await ann.context.close();
}

async function waitForOpening(page, sale) {
  assert.ok(await page.locator(id("claim-button")).isDisabled());
  await page.locator(id("answer-1")).check();
  const opensAt = Date.parse((await open(sale)).opens_at);
  // Ticking, and by the server's clock: two seconds that follow each other, each true to a second.
  const first = await until("the moved opening", async () => (await seconds(page, "countdown")) <= 10 && seconds(page, "countdown"));
  near(first, (opensAt - Date.now()) / 1000, 1.5, "the countdown");
  await until("the next second", async () => (await seconds(page, "countdown")) < first);
  near(await seconds(page, "countdown"), (opensAt - Date.now()) / 1000, 1.5, "the countdown");
  assert.ok(await page.locator(id("claim-button")).isDisabled());
  await page.waitForSelector(`${id("claim-button")}:enabled`);
  assert.ok(Date.now() >= opensAt - 250, `the button opened ${opensAt - Date.now()} ms early`);
  assert.ok(Date.now() <= opensAt + 5_000, `the button opened ${Date.now() - opensAt} ms late`);
}

async function heldThroughReload(page) {
  const payLink = await page.locator(id("pay-now")).getAttribute("href");
  const left = await seconds(page, "time-left");
  assert.ok(left > 60 && left <= 120, `${left} s to pay`);
  await page.reload();
  await shows(page, "held");
  assert.equal(await page.locator(id("pay-now")).getAttribute("href"), payLink);
  assert.ok((await seconds(page, "time-left")) <= left, "a reload gives no new time");
  return payLink;
}

async function checkout(page, payLink) {
  await page.locator(id("pay-now")).click();
  await page.waitForURL(`**${payLink}`);
  await page.waitForSelector(id("ship-name"));
  await fillShipping(page);
  await page.goBack();
  await shows(page, "held");
  await page.goForward();
  await page.waitForSelector(id("ship-name"));
  await page.reload();
  await page.waitForSelector(id("ship-name"));
  assert.equal(await page.locator(id("ship-name")).inputValue(), "Ann Lee");
  assert.ok(await page.locator(id("pay-button")).isDisabled(), "no card yet");
  const declined = page.waitForResponse("**/api/v1/checkout");
  await payWith(page, "tok_decline");
  assert.equal((await declined).status(), 402);
  await until("the reason", async () => /declined/.test(await page.locator(id("pay-error")).innerText()));
  await page.reload();
  await page.waitForSelector(id("ship-name"));
  assert.ok((await seconds(page, "time-left")) > 0);
  // The socket may tell of the order before the answer does, and then the page is gone before the answer is here.
  await payWith(page, "tok_approve");
}

async function afterwards(page, { email }, sale) {
  await onOrder(page);
  const number = await page.locator(id("order-number")).innerText();
  assert.match(await page.locator(id("order-total")).innerText(), /1,700/);
  assert.match(await page.locator(id("order-shipping")).innerText(), /Ann Lee.*Market Street/);
  assert.match(await page.locator(id("mail-note")).innerText(), new RegExp(email));
  await page.goto("/mailbox");
  await page.locator(`${id("mail-link")}:has-text("${email}"):has-text("${number}")`).first().click();
  await page.waitForSelector(id("mail"));
  await until("the mail's text", async () => (await page.frameLocator(id("mail-html")).locator("body").innerText()).includes(number));
  await page.goto("/orders");
  await page.waitForSelector(id("order-card"));
  assert.equal(await page.locator(id("order-card")).count(), 1);
  assert.match(await page.locator(id("order-card")).innerText(), new RegExp(number));
  await page.goto(`/sale/${sale.id}`);
  await shows(page, "paid");
  await page.locator(id("order-link")).click();
  await onOrder(page);
}

test("a reload in the middle of a payment finds out how it ended, and pays once", async () => {
  const [sale, buyer] = await Promise.all([house.plan({ opensInS: 0 }), house.buyer()]);
  const ann = await person(browser, house);
  await at(ann, buyer, sale);
  await claim(ann.page);
  await shows(ann.page, "held");
  await ann.page.locator(id("pay-now")).click();
  await ann.page.waitForSelector(id("ship-name"));
  await fillShipping(ann.page);
  const sent = ann.page.waitForRequest("**/api/v1/checkout");
  await payWith(ann.page, "tok_slow_3000");
  await sent;
  await ann.page.reload();
  await onOrder(ann.page);
  const { items } = await house.call("GET", "/api/v1/me/orders", undefined, buyer.token);
  assert.equal(items.length, 1);
  allWell(ann);
  await ann.context.close();
});

test("a turn that comes while the line is down is there when it is back", async () => {
  const sale = await house.plan({ opensInS: 0, item: { allotment: 1 } });
  const [first, second] = await Promise.all([house.buyer(), house.buyer()]);
  const line = await Line.to(house);
  const [ann, bob] = await Promise.all([person(browser, house), person(browser, line, { viewport: PHONE })]);
  await at(ann, first, sale);
  await claim(ann.page);
  await shows(ann.page, "held");
  await at(bob, second, sale);
  await claim(bob.page);
  await shows(bob.page, "standby");
  line.cut();
  await bob.context.setOffline(true);
  await bob.page.waitForSelector(id("offline"), { timeout: 30_000 });
  await ann.page.locator(id("withdraw-button")).click();
  await shows(ann.page, "withdrawn");
  assert.equal(await bob.page.locator(id("claim-state")).getAttribute("data-state"), "standby");
  line.mend();
  await bob.context.setOffline(false);
  await shows(bob.page, "held", 30_000);
  await bob.page.locator(id("offline")).waitFor({ state: "hidden" });
  await payHeld(bob.page);
  assert.deepEqual(bob.faults.filter((text) => !/ERR_INTERNET_DISCONNECTED|WebSocket/.test(text)), []);
  await Promise.all([ann.context.close(), bob.context.close()]);
  await line.close();
});

test("a server that is killed and started again still knows the turn", async () => {
  const sale = await house.plan({ opensInS: 0 });
  const buyer = await house.buyer();
  const ann = await person(browser, house, { viewport: PHONE });
  await at(ann, buyer, sale);
  await claim(ann.page);
  await shows(ann.page, "held");
  const payLink = await ann.page.locator(id("pay-now")).getAttribute("href");
  const left = await seconds(ann.page, "time-left");
  await house.stop("SIGKILL");
  await ann.page.waitForSelector(id("offline"));
  await shows(ann.page, "held");
  await house.start();
  await ann.page.locator(id("offline")).waitFor({ state: "hidden", timeout: 40_000 });
  await shows(ann.page, "held");
  assert.equal(await ann.page.locator(id("pay-now")).getAttribute("href"), payLink);
  assert.ok((await seconds(ann.page, "time-left")) <= left, "a restart gives no new time");
  await payHeld(ann.page);
  await ann.context.close();
});
