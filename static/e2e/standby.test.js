// Two windows and one unit: what the first lets go is the second's in the same moment, on every screen of that buyer.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, person, PHONE } from "./browser.js";
import { House, until } from "./house.js";
import { allWell, at, claim, id, onOrder, payHeld, shows } from "./steps.js";

const HOLD_S = 12;
const SAME_MOMENT_MS = 2_000;
const html = (page) => page.locator(id("claim-state")).innerText();
let house;
let browser;

before(async () => {
  [house, browser] = await Promise.all([House.open(), launch()]);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** When the page first showed that state, on this machine's clock. */
const moment = (page, state, limitMs) => shows(page, state, limitMs).then(() => Date.now());

test("what one window does not pay in time is held for the next in the same moment, and won", async () => {
  const sale = await house.plan({ opensInS: 0, item: { allotment: 1, hold_s: HOLD_S } });
  const [first, second, third] = await Promise.all([house.buyer(), house.buyer(), house.buyer()]);
  const [one, two, late, guest] = await Promise.all([
    person(browser, house), person(browser, house, { viewport: PHONE }), person(browser, house, { viewport: PHONE }), person(browser, house),
  ]);
  // Everyone is there before the only unit goes: the hold is short.
  await guest.page.goto(`/sale/${sale.id}`);
  await Promise.all([at(one, first, sale), at(two, second, sale), at(late, third, sale), shows(guest.page, "open")]);

  await claim(one.page);
  await shows(one.page, "held");
  await claim(two.page);
  await shows(two.page, "standby");
  assert.equal(await two.page.locator(id("position")).innerText(), "1");
  assert.match(await two.page.locator(id("odds")).innerText(), /^\d+ %$/);
  await claim(late.page);
  await shows(late.page, "standby");
  assert.equal(await late.page.locator(id("position")).innerText(), "2");
  await shows(guest.page, "all_held");
  assert.match(await guest.page.locator(id("may-return")).innerText(), /All held; up to 1 may come back by \d\d:\d\d/);

  const [lost, won] = await Promise.all([moment(one.page, "expired", 30_000), moment(two.page, "held", 30_000)]);
  assert.ok(Math.abs(won - lost) < SAME_MOMENT_MS, `${won - lost} ms between losing and winning`);
  assert.match(await html(one.page), /Not paid in time/);
  await until("the third to move up", async () => (await late.page.locator(id("position")).innerText()) === "1");

  await payHeld(two.page);
  await shows(late.page, "refused");
  assert.match(await html(late.page), /No unit for you this time[\s\S]*Every unit has been sold/);
  await shows(guest.page, "sold_out");
  assert.match(await html(guest.page), /Sold out[\s\S]*Every unit has been paid/);
  await shows(one.page, "expired");
  assert.ok(await one.page.locator(id("claim-button")).isHidden(), "there is nothing left to try for");
  allWell(one, two, late, guest);
  await Promise.all([one, two, late, guest].map(({ context }) => context.close()));
});

test("two tabs and another device of one buyer show each change, and any of them may pay", async () => {
  const sale = await house.plan({ opensInS: 0, item: { allotment: 1 } });
  const [first, second] = await Promise.all([house.buyer(), house.buyer()]);
  const [other, desktop, phone] = await Promise.all([person(browser, house), person(browser, house), person(browser, house, { viewport: PHONE })]);
  await at(other, first, sale);
  await claim(other.page);
  await shows(other.page, "held");

  await Promise.all([at(desktop, second, sale), at(phone, second, sale)]);
  const tab = await desktop.context.newPage();
  await tab.goto(`/sale/${sale.id}`);
  const screens = [desktop.page, tab, phone.page];
  const all = (state) => Promise.all(screens.map((page) => shows(page, state)));
  await all("all_held");
  await claim(tab);
  await all("standby");
  await phone.page.locator(id("withdraw-button")).click();
  await all("withdrawn");
  await claim(desktop.page);
  await all("standby");
  await other.page.locator(id("withdraw-button")).click();
  await all("held");

  await desktop.page.locator(id("pay-now")).click();
  await desktop.page.waitForSelector(id("ship-name"));
  await payHeld(phone.page);
  // The tab that stood before the form is taken to the order that the phone paid for.
  await Promise.all([shows(tab, "paid"), onOrder(desktop.page)]);
  allWell(other, desktop, phone);
  await Promise.all([other, desktop, phone].map(({ context }) => context.close()));
});

test("a list that is full says so, and a sale that is closed says so to everyone", async () => {
  const sale = await house.plan({ opensInS: 0, item: { allotment: 1, standby_limit: 1 } });
  const buyers = await Promise.all([house.buyer(), house.buyer(), house.buyer()]);
  const [one, two, three] = await Promise.all(buyers.map(() => person(browser, house, { viewport: PHONE })));
  await Promise.all([at(one, buyers[0], sale), at(two, buyers[1], sale), at(three, buyers[2], sale)]);
  await claim(one.page);
  await shows(one.page, "held");
  await claim(two.page);
  await shows(two.page, "standby");
  await shows(three.page, "all_held");
  await claim(three.page);
  const full = "All units are held and the standby list is full.";
  await until("the reason", async () => (await three.page.locator("main").innerText()).includes(full));

  await house.call("POST", `/api/v1/admin/sales/${sale.id}/close`, {}, house.staff);
  await shows(two.page, "refused");
  assert.match(await html(two.page), /The sale closed before a unit came back/);
  const guest = await person(browser, house);
  await guest.page.goto(`/sale/${sale.id}`);
  await shows(guest.page, "closed");
  assert.match(await html(guest.page), /This sale is over/);
  // What was held when it closed may still be paid.
  await shows(one.page, "held");
  await payHeld(one.page);
  allWell(one, two, three, guest);
  await Promise.all([one, two, three, guest].map(({ context }) => context.close()));
});
