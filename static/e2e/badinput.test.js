// Wrong input is answered in words that a person understands, in the language that they read.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, person, PHONE } from "./browser.js";
import { House, until } from "./house.js";
import { allWell, at, claim, enter, id, shows } from "./steps.js";

const QUESTION = { text: "Which of these is a fruit?", options: ["Hammer", "Pear", "Sock"], answer: "Pear" };
let house;
let browser;

before(async () => {
  [house, browser] = await Promise.all([House.open(), launch()]);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const says = (page, name, text) => until(`“${text}”`, async () => (await page.locator(id(name)).innerText()).trim() === text);

for (const locale of ["en", "zh-TW"]) {
  describe(`in ${locale}`, () => {
    let words;
    before(async () => {
      const parts = await Promise.all(["sale", "claim", "shop"].map((part) => import(`../js/i18n/${locale}.${part}.js`)));
      words = Object.assign({}, ...parts.map((part) => part.default));
    });

    test("a wrong password, an e-mail that is taken, and what was left out", async () => {
      const buyer = await house.buyer();
      const ann = await person(browser, house, { viewport: PHONE, locale });
      const { page } = ann;
      await page.goto("/account");
      await enter(page, { email: buyer.email, password: "not the password" });
      await says(page, "account-error", words["error.bad_credentials"]);
      await enter(page, { email: "", password: "" });
      await says(page, "account-error", words["fault.email_missing"]);
      await enter(page, { email: "nobody at home", password: "" });
      await says(page, "account-error", words["error.invalid_email"]);
      assert.equal(await page.locator(id("email")).getAttribute("aria-invalid"), "true");
      await page.locator(id("tab-sign-up")).click();
      await enter(page, { email: buyer.email, password: "short" });
      await says(page, "account-error", words["error.weak_password"]);
      await enter(page, buyer);
      await says(page, "account-error", words["error.email_taken"]);
      assert.ok(page.url().endsWith("/account"));
      allWell(ann);
      await ann.context.close();
    });

    test("no answer, a wrong answer, then the right one", async () => {
      const [sale, buyer] = await Promise.all([house.plan({ opensInS: 0, item: { question: QUESTION } }), house.buyer()]);
      const ann = await person(browser, house, { viewport: PHONE, locale });
      const { page } = ann;
      const fault = (text) => until(`“${text}”`, async () => (await page.locator(id("question")).innerText()).includes(text));
      await at(ann, buyer, sale);
      await claim(page);
      await fault(words["question.missing"]);
      await page.locator(id("answer-0")).check();
      await claim(page);
      await fault(words["error.wrong_answer"]);
      assert.equal(await page.locator(`${id("question")} input:checked`).count(), 0, "the wrong answer is not kept");
      await page.locator(id("answer-1")).check();
      await claim(page);
      await shows(page, "held");
      allWell(ann);
      await ann.context.close();
    });

    test("a card number that cannot be right does not open the button", async () => {
      const [sale, buyer] = await Promise.all([house.plan({ opensInS: 0 }), house.buyer()]);
      const ann = await person(browser, house, { viewport: PHONE, locale });
      const { page } = ann;
      await at(ann, buyer, sale);
      await claim(page);
      await shows(page, "held");
      await page.locator(id("pay-now")).click();
      await page.waitForSelector(id("card-number"));
      for (const name of ["ship-name", "ship-phone", "ship-address"]) await page.locator(id(name)).fill("x");
      await page.locator(id("card-number")).fill("4242 4242 4242 4241");
      await page.locator(id("card-expiry")).fill("1230");
      await page.locator(id("card-cvc")).fill("123");
      assert.equal(await page.locator(id("card-number")).getAttribute("aria-invalid"), "true");
      assert.ok(await page.locator(id("pay-button")).isDisabled());
      // Whoever comes back by the tab key types over the old number.
      await page.locator(id("ship-address")).focus();
      await page.keyboard.press("Tab");
      await page.keyboard.type("4242424242424242");
      await page.waitForSelector(`${id("pay-button")}:enabled`);
      allWell(ann);
      await ann.context.close();
    });

    test("a sale that is not there", async () => {
      const ann = await person(browser, house, { locale });
      await ann.page.goto("/sale/01900000-0000-7000-8000-000000000000");
      await ann.page.waitForSelector(id("missing"));
      const text = await ann.page.locator(id("missing")).innerText();
      assert.ok(text.includes(words["sale.missing"]), text);
      await ann.context.close();
    });
  });
}
