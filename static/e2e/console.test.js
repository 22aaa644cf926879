// Staff run a sale from the console, from the plan to running it again, and buyers see each step.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESKTOP, launch, person, PHONE } from "./browser.js";
import { House, STAFF, until } from "./house.js";
import { allWell, at, claim, id, seconds, shows, signIn } from "./steps.js";

const STILL_MS = 2_500;
let house;
let browser;

before(async () => {
  [house, browser] = await Promise.all([House.open(), launch()]);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const chosen = (page) => new URL(page.url()).hash.slice(1);
const stateIs = (page, name) => page.waitForSelector(`${id("console-state")}[data-state=${name}]`);
const figure = async (page, name) => Number((await page.locator(id(`live-${name}`)).innerText()).replace(/\D/g, ""));
const tile = (page, name, wanted) => until(`${name} ${wanted}`, async () => (await figure(page, name)) === wanted);

/** Presses an action; `fill` is what its dialog wants to know. */
async function act(page, verb, fill) {
  await page.locator(id(`action-${verb}`)).click();
  if (fill === undefined) return;
  for (const [name, value] of Object.entries(fill)) await page.locator(id(name)).fill(String(value));
  await page.locator(id("confirm-ok")).click();
}

/** The text that a local date and time field takes; the browser's zone is this machine's. */
function local(instant) {
  const at = new Date(instant - new Date(instant).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 19);
}

async function plan(page) {
  await page.locator(id("plan-open")).click();
  await page.waitForSelector(id("plan-title"));
  const fields = {
    title: "Autumn sale", opens_at: local(Date.now() + 20 * 60_000), closes_at: local(Date.now() + 80 * 60_000), name: "Reading lamp",
    description: "Warm light.", price: "1200", list_price: "2400", allotment: "3", hold_s: "300",
    question: "What does a lamp give?", options: "Light\nWater", answer: "Light",
  };
  for (const [name, value] of Object.entries(fields)) await page.locator(id(`plan-${name}`)).fill(value);
  await page.locator(id("plan-submit")).click();
  await page.locator(id("plan-dialog")).waitFor({ state: "hidden" });
  await page.waitForSelector(`${id("console-sale")} h2:has-text("Autumn sale")`);
  return { id: chosen(page) };
}

test("a sale from its plan to its second run", async () => {
  const staff = await person(browser, house, { viewport: DESKTOP });
  const board = staff.page;
  await signIn(board, STAFF, "/console");
  const sale = await plan(board);
  await stateIs(board, "waiting_room");

  const buyer = await house.buyer();
  const [ann, guest] = await Promise.all([person(browser, house, { viewport: PHONE }), person(browser, house)]);
  await at(ann, buyer, sale);
  await guest.page.goto(`/sale/${sale.id}`);
  await Promise.all([shows(ann.page, "waiting_room"), shows(guest.page, "waiting_room")]);
  assert.match(await guest.page.locator(id("price")).innerText(), /2,400[\s\S]*1,200/);
  await tile(board, "watching", 2);
  await ann.page.locator(id("answer-0")).check();

  await act(board, "open", {});
  await Promise.all([shows(ann.page, "open", 20_000), shows(guest.page, "open", 20_000)]);
  await claim(ann.page);
  await shows(ann.page, "held");
  await stateIs(board, "open");
  await Promise.all([tile(board, "held", 1), tile(board, "free", 2), tile(board, "received", 1)]);
  assert.match(await board.locator(id("plot-text")).innerText(), /Held: 0 at the start, 1 now/);
  await until("a line in the plot", async () => (await board.locator(`${id("plot")} polyline`).first().getAttribute("points")).split(" ").length > 2);

  await pausedAndResumed(board, ann.page, guest.page);
  await extendedAndRestocked(board, guest.page);

  await act(board, "close", {});
  await stateIs(board, "closed");
  await Promise.all([shows(guest.page, "closed"), shows(ann.page, "held")]);
  await everythingIsWritten(board, ["plan", "open", "pause", "resume", "extend", "restock", "close"]);

  await act(board, "repeat");
  await until("the second run", () => chosen(board) !== sale.id);
  await stateIs(board, "waiting_room");
  // A full stack has other tests' sales too; these two stand in the list, each once.
  for (const run of [sale.id, chosen(board)]) assert.equal(await board.locator(`${id("console-sale-link")}[data-sale="${run}"]`).count(), 1);
  await everythingIsWritten(board, ["repeat"]);
  await guest.page.goto(`/sale/${chosen(board)}`);
  await shows(guest.page, "waiting_room");
  assert.match(await guest.page.locator(id("price")).innerText(), /1,200/);
  allWell(staff, ann, guest);
  await Promise.all([staff, ann, guest].map(({ context }) => context.close()));
});

async function pausedAndResumed(board, buyer, guest) {
  await act(board, "pause", {});
  await Promise.all([stateIs(board, "paused"), shows(guest, "paused"), buyer.waitForSelector(`${id("claim-state")}[data-state=held][data-sale-state=paused]`)]);
  assert.match(await buyer.locator(id("claim-state")).innerText(), /Paused\. Time left to pay/);
  const left = await seconds(buyer, "time-left");
  const since = Date.now();
  // A clock that runs shows itself within two seconds; this one must show nothing.
  await until("some time of the pause", async () => {
    assert.equal(await seconds(buyer, "time-left"), left, "the bar stands still");
    return Date.now() - since > STILL_MS;
  });
  await act(board, "resume");
  await Promise.all([stateIs(board, "open"), shows(guest, "open"), buyer.waitForSelector(`${id("claim-state")}[data-state=held][data-sale-state=open]`)]);
  const goesOn = await seconds(buyer, "time-left");
  assert.ok(Math.abs(goesOn - left) <= 3, `${left} s before the pause, ${goesOn} after`);
  await until("the bar to go on", async () => (await seconds(buyer, "time-left")) < goesOn);
}

async function extendedAndRestocked(board, guest) {
  const left = await seconds(guest, "countdown");
  await act(board, "extend", { "extend-minutes": 30 });
  await until("thirty minutes more", async () => (await seconds(guest, "countdown")) > left + 29 * 60);
  assert.match(await guest.locator(id("allotment")).innerText(), /^3 /);
  await act(board, "restock", { "restock-units": 4 });
  await until("seven units", async () => /^7 /.test(await guest.locator(id("allotment")).innerText()));
  await tile(board, "free", 6);
}

async function everythingIsWritten(board, actions) {
  let rows = "";
  await until("", async () => ((rows = await board.locator(id("audit-rows")).innerText()), actions.every((action) => rows.includes(action)))).catch(() => {
    throw new Error(`not all of ${actions.join(", ")} in:\n${rows}`);
  });
}

test("the console is for staff only", async () => {
  const [guest, buyer] = [await person(browser, house), await house.buyer()];
  await guest.page.goto("/console");
  await guest.page.waitForSelector(id("console-guard"));
  await signIn(guest.page, buyer, "/console");
  await guest.page.waitForSelector(id("console-guard"));
  assert.ok(await guest.page.locator(id("plan-open")).isHidden());
  const refused = await fetch(`${house.url}/api/v1/admin/sales`, { headers: { authorization: `Bearer ${buyer.token}` } });
  assert.equal(refused.status, 403);
  allWell(guest);
  await guest.context.close();
});
