// Every page, in both languages, on a phone and on a desk, in light and in dark: for everyone, and quietly.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { axe, DESKTOP, launch, person, PHONE } from "./browser.js";
import { House, STAFF } from "./house.js";
import { allWell, at, claim, id, shows, signIn } from "./steps.js";

const SHOTS = process.env.MIAOSHA_SCREENSHOTS;
const BUDGET_BYTES = 30 * 1024;
const TABS_MAX = 25;
// What the dark can make worse than the light.
const COLOURS = ["color-contrast", "link-in-text-block"];
const QUESTION = { text: "Which of these is a fruit?", options: ["Hammer", "Pear", "Sock"], answer: "Pear" };
const NOBODY = "01900000-0000-7000-8000-000000000000";
let house;
let browser;
let shop;

before(async () => {
  [house, browser] = await Promise.all([House.open(), launch()]);
  shop = await stock();
  if (SHOTS) await mkdir(SHOTS, { recursive: true });
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** One sale in each state, and Ann with a claim in each state. */
async function stock() {
  const one = { allotment: 1 };
  const [ann, bob] = await Promise.all([house.buyer(), house.buyer()]);
  const plan = (title, rest) => house.plan({ title, opensInS: 0, ...rest });
  const sales = {
    scheduled: await plan("Winter sale", { opensInS: 3 * 3600 }),
    waiting_room: await plan("Evening sale", { opensInS: 900, item: { question: QUESTION } }),
    open: await plan("Open sale", { item: { question: QUESTION, purchase_limit: 3 } }),
    all_held: await plan("Held sale", { item: one }),
    sold_out: await plan("Sold sale", { item: one }),
    paused: await plan("Paused sale"),
    closed: await plan("Closed sale"),
    held: await plan("Ann holds", { item: { hold_s: 900 } }),
    withdrawn: await plan("Ann gave back"),
    refused: await plan("Ann came late", { item: one }),
    paid: await plan("Ann has won"),
  };
  const act = (sale, verb) => house.call("POST", `/api/v1/admin/sales/${sale.id}/${verb}`, {}, house.staff);
  await house.claim(bob, sales.all_held, "held");
  await house.claim(ann, sales.all_held, "standby");
  await house.pay(bob, await house.claim(bob, sales.sold_out, "held"));
  const late = await house.claim(bob, sales.refused, "held");
  await house.claim(ann, sales.refused, "standby");
  await house.pay(bob, late);
  const order = await house.pay(ann, await house.claim(ann, sales.paid, "held"));
  const held = await house.claim(ann, sales.held, "held");
  const given = await house.claim(ann, sales.withdrawn, "held");
  await house.call("DELETE", `/api/v1/me/claims/${given.claim_id}`, undefined, ann.token);
  await Promise.all([act(sales.paused, "pause"), act(sales.closed, "close")]);
  return { sales, ann, order, held, given };
}

const claimState = (name) => `${id("claim-state")}[data-state=${name}]`;
const offer = (name, as = name) => ({ name: `sale-${name}`, path: `/sale/${shop.sales[as].id}`, ready: claimState(name) });

/** Who sees which pages: a name, where it is, and what stands there when it is ready. `then` does something first. */
const PAGES = {
  guest: () => [
    { name: "home", path: "/", ready: id("sale-card") },
    ...["scheduled", "waiting_room", "open", "all_held", "sold_out", "paused", "closed"].map((name) => offer(name)),
    { name: "sale-missing", path: `/sale/${NOBODY}`, ready: id("missing"), refusals: 1 },
    { name: "account-sign-in", path: "/account", ready: id("account-form") },
    { name: "account-sign-up", path: "/account#new", ready: id("name") },
    { name: "mailbox", path: "/mailbox", ready: id("mail-link"), then: openMail },
    { name: "docs", path: "/docs", ready: "main a[href='/docs/swagger']" },
    { name: "not-found", path: "/no/such/page", ready: id("not-found"), status: 404, refusals: 1 },
    { name: "console-guard", path: "/console", ready: id("console-guard") },
  ],
  ann: () => [
    offer("held"), offer("standby", "all_held"), offer("paid"), offer("withdrawn"), offer("refused"),
    { name: "checkout", path: `/checkout/${shop.held.claim_id}`, ready: id("ship-name"), then: wrongCard },
    { name: "checkout-ended", path: `/checkout/${shop.given.claim_id}`, ready: id("ended") },
    { name: "order-new", path: `/orders/${shop.order.id}?new`, ready: id("order") },
    { name: "orders", path: "/orders", ready: id("order-card") },
    { name: "account", path: "/account", ready: id("profile") },
  ],
  staff: () => [
    { name: "console", path: `/console#${shop.sales.open.id}`, ready: id("action-pause"), then: figures },
    { name: "console-plan", path: "/console", ready: id("plan-open"), then: (page) => openDialog(page, "plan-open", "plan-title") },
    { name: "console-close", path: `/console#${shop.sales.open.id}`, ready: id("action-close"), then: (page) => openDialog(page, "action-close", "confirm-ok") },
  ],
};

async function openMail(page) {
  await page.locator(id("mail-link")).first().click();
  await page.waitForSelector(id("mail"));
}

async function wrongCard(page) {
  await page.locator(`${id("test-cards")} summary`).click();
  await page.locator(id("card-number")).fill("4242 4242 4242 4241");
}

async function figures(page) {
  await page.waitForSelector(`${id("plot-text")}:not(:empty)`);
  await page.waitForSelector(`${id("audit-rows")} tr`);
}

async function openDialog(page, button, shown) {
  await page.locator(id(button)).click();
  await page.waitForSelector(id(shown));
}

const enter = { guest: () => {}, ann: (page) => signIn(page, shop.ann), staff: (page) => signIn(page, STAFF) };

describe("for everyone", { concurrency: 2 }, () => {
  for (const locale of ["en", "zh-TW"]) {
    for (const who of Object.keys(PAGES)) {
      test(`what ${who} sees in ${locale}`, async () => {
        const visitor = await person(browser, house, { locale });
        await enter[who](visitor.page);
        const wrong = [];
        for (const page of PAGES[who]()) wrong.push(...(await inEveryLight(visitor, page, locale)));
        assert.deepEqual(wrong, []);
        allWell(visitor);
        await visitor.context.close();
      });
    }
  }
});

async function inEveryLight({ page, refusals }, { name, path, ready, then, status = 200, refusals: expected = 0 }, locale) {
  const wrong = [];
  // From nowhere, because a hash alone would load nothing anew.
  await page.goto("about:blank");
  const answer = await page.goto(path);
  await page.waitForSelector(ready);
  await then?.(page);
  assert.equal(answer.status(), status, path);
  if ((await page.locator("html").getAttribute("lang")) !== locale) wrong.push(`${name}: not said to be in ${locale}`);
  for (const { width, height } of [DESKTOP, PHONE]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) wrong.push(`${name} ${locale}: ${wide} px wide at ${width}`);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const fault of await axe(page, colorScheme === "dark" && COLOURS)) wrong.push(`${name} ${locale} ${width} ${colorScheme}: ${fault}`);
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${locale}-${width}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize(DESKTOP);
  const refused = refusals.splice(0);
  if (refused.length !== expected) wrong.push(`${name}: refused ${refused.join(" ")}`);
  return wrong;
}

test("the rules greet the first visit, and not the second", async () => {
  for (const locale of ["en", "zh-TW"]) {
    const guest = await person(browser, house, { locale, viewport: PHONE, rules: true });
    await guest.page.goto("/");
    await guest.page.waitForSelector(id("rules"));
    assert.deepEqual(await axe(guest.page), []);
    if (SHOTS) await guest.page.screenshot({ path: `${SHOTS}/rules-${locale}-360-light.png` });
    await guest.page.locator(id("rules-ok")).click();
    await guest.page.reload();
    await guest.page.waitForSelector(id("sale-card"));
    assert.equal(await guest.page.locator(id("rules")).count(), 0);
    allWell(guest);
    await guest.context.close();
  }
});

test("the language changes in place, and what was typed stays", async () => {
  const guest = await person(browser, house);
  const { page } = guest;
  await page.goto("/account");
  await page.locator(id("email")).fill("half@typed");
  await page.locator(id("lang-switch")).click();
  await page.waitForSelector("html[lang=zh-TW]");
  assert.equal(await page.locator(id("email")).inputValue(), "half@typed");
  await page.goto("/");
  await page.waitForSelector("html[lang=zh-TW]");
  allWell(guest);
  await guest.context.close();
});

test("the documents of the API load quietly", async () => {
  const reader = await person(browser, house);
  const documents = [["/docs/swagger", ".swagger-ui .opblock"], ["/docs/redoc", "[id='tag/claims']"], ["/docs/asyncapi", "h1"], ["/docs/problems", "h1"]];
  for (const [path, ready] of documents) {
    await reader.page.goto(path, { waitUntil: "load" });
    await reader.page.waitForSelector(ready, { state: "attached" });
    if (SHOTS) await reader.page.screenshot({ path: `${SHOTS}/${path.replaceAll("/", "-").slice(1)}-en-1280-light.png` });
  }
  // ReDoc's own script asks for its maker's logo; the page's content policy keeps it out, and that is the one line it may say.
  const logo = /cdn\.redoc\.ly.*Content Security Policy/;
  assert.deepEqual(reader.faults.filter((text) => !logo.test(text)), []);
  assert.deepEqual(reader.strangers.filter((url) => !url.startsWith("https://cdn.redoc.ly/")), []);
  // Pages that others made bring no icon; the browser then asks for one at the usual place.
  assert.deepEqual(reader.refusals.filter((text) => !text.endsWith("/favicon.ico)")), []);
  await reader.context.close();
});

test("our own documents are for everyone, on a phone too", async () => {
  const reader = await person(browser, house, { viewport: PHONE });
  const wrong = [];
  for (const path of ["/docs/asyncapi", "/docs/problems"]) {
    await reader.page.goto(path);
    const wide = await reader.page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > PHONE.width) wrong.push(`${path}: ${wide} px wide`);
    for (const fault of await axe(reader.page)) wrong.push(`${path}: ${fault}`);
  }
  assert.deepEqual(wrong, []);
  allWell(reader);
  await reader.context.close();
});

test("a claim needs no mouse", async () => {
  const [sale, buyer] = await Promise.all([house.plan({ opensInS: 0, item: { question: QUESTION } }), house.buyer()]);
  const ann = await person(browser, house);
  const { page } = ann;
  await at(ann, buyer, sale);
  await page.waitForSelector(`${id("claim-button")}:enabled`);
  const focused = () => page.evaluate(() => document.activeElement?.dataset.testid ?? "");
  const tabTo = async (name) => {
    for (let n = 0; n < TABS_MAX; n++) {
      await page.keyboard.press("Tab");
      if ((await focused()) === name) return;
    }
    assert.fail(`${name} is not reached in ${TABS_MAX} tabs`);
  };
  await tabTo("answer-0");
  await page.keyboard.press("ArrowDown");
  await tabTo("claim-button");
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(ring, "none", "the focus can be seen");
  await page.keyboard.press("Enter");
  await shows(page, "held");
  allWell(ann);
  await ann.context.close();
});

test("a first visit is light, and asks nobody else", async () => {
  for (const locale of ["en", "zh-TW"]) {
    for (const [path, ready] of [["/", id("sale-card")], [`/sale/${shop.sales.waiting_room.id}`, claimState("waiting_room")]]) {
      const guest = await person(browser, house, { locale, viewport: PHONE });
      const loading = [];
      guest.page.on("requestfinished", (request) => ["document", "stylesheet", "script"].includes(request.resourceType()) && loading.push(weight(request)));
      await guest.page.goto(path);
      await guest.page.waitForSelector(ready);
      await guest.page.waitForLoadState("networkidle");
      const loaded = await Promise.all(loading);
      const bytes = loaded.reduce((sum, [size]) => sum + size, 0);
      assert.ok(bytes <= BUDGET_BYTES, `${path} in ${locale}: ${bytes} bytes\n${loaded.map((one) => one.join(" ")).join("\n")}`);
      allWell(guest);
      await guest.context.close();
    }
  }
});

const weight = async (request) => [(await request.sizes()).responseBodySize, new URL(request.url()).pathname];
