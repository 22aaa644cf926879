// The small decisions around a buyer: retries, payment tries, where to go after signing in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOf } from "../js/account/check.js";
import { safeNext } from "../js/account/next.js";
import { beginTry, endTry, meaning, openTry } from "../js/checkout/attempt.js";
import { readPlan } from "../js/console/planbody.js";
import { Problem } from "../js/lib/http.js";
import { Waiters } from "../js/lib/news.js";
import { backoff } from "../js/lib/socket.js";
import { patience } from "../js/lib/taking.js";

test("after_signing_in_only_a_path_of_this_shop_is_followed", () => {
  const shop = "https://shop.example";
  assert.equal(safeNext("/sale/1?a=b#c", shop), "/sale/1?a=b#c");
  for (const bad of [null, "", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "sale/1", "/\t/evil.example"]) assert.equal(safeNext(bad, shop), null, String(bad));
});

test("faults_are_found_before_sending", () => {
  assert.equal(faultOf({ email: "a@b.cd", password: "x", isNew: false }), null);
  assert.equal(faultOf({ email: "ab.cd", password: "x", isNew: false }).field, "email");
  assert.equal(faultOf({ email: "a@b.cd", password: "1234567", isNew: true }).field, "password");
});

const shelf = () => {
  const kept = new Map();
  return { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
};

test("an_open_payment_try_is_repeated_with_the_same_key_and_body", () => {
  const storage = shelf();
  const first = beginTry("c", { n: 1 }, storage);
  assert.deepEqual(beginTry("c", { n: 2 }, storage), first);
  assert.deepEqual(openTry("c", storage), first);
  endTry("c", storage);
  assert.notEqual(beginTry("c", { n: 2 }, storage).key, first.key);
});

test("only_an_unknown_outcome_is_asked_again", () => {
  const means = { again: [{ status: 0 }, { status: 503 }, { status: 409, code: "in_flight" }], declined: [{ status: 402 }], ended: [{ status: 410 }], refused: [{ status: 422, code: "key_reused" }, { status: 403 }], signed_out: [{ status: 401 }] };
  for (const [word, problems] of Object.entries(means)) for (const problem of problems) assert.equal(meaning(problem), word);
});

test("the_way_back_grows_with_full_jitter_above_what_the_server_asked_for", () => {
  assert.equal(backoff(0, 700, () => 0), 700);
  assert.equal(backoff(3, 0, () => 1), 4_000);
  assert.equal(backoff(50, 100, () => 1), 30_100);
});

test("a_claim_is_repeated_for_the_buyer_only_where_waiting_helps", () => {
  const half = () => 0.5;
  assert.equal(patience(new Problem({ status: 409, code: "sold_out" }), 1, half), null);
  assert.equal(patience(new Problem({ status: 429, code: "too_fast", retryAfterMs: 1_000 }), 1, half), 1_150);
  assert.equal(patience(new Problem({ status: 429, code: "too_fast", retryAfterMs: 60_000 }), 1, half), null);
  assert.equal(patience(new Problem(), 1, half), 300);
  assert.equal(patience(new Problem({ status: 403, code: "not_open" }), 1, half), 250);
  assert.equal(patience(new Problem(), 4, half), null);
});

test("a_frame_goes_to_who_waits_for_it_and_a_lost_line_lets_all_go", async () => {
  const waiters = new Waiters();
  const mine = waiters.ask((f) => (f.n === 1 ? "one" : undefined), 60_000);
  const bad = waiters.ask((f) => { if (f.n === 1) throw new Problem({ code: "sold_out" }); }, 60_000);
  const other = waiters.ask((f) => (f.n === 2 ? "two" : undefined), 60_000);
  waiters.hear({ n: 1 });
  waiters.letGo();
  assert.equal(await mine, "one");
  await assert.rejects(bad, { code: "sold_out" });
  assert.equal(await other, undefined);
});

test("a_plan_becomes_the_body_that_the_server_wants", () => {
  const form = { title: " T ", opens_at: "2026-11-21T14:00:00", closes_at: "2026-11-21T18:00:00", waiting_room_opens_at: "", product_id: "", name: "P", description: "", image_url: "/x.svg", price: "2000", list_price: "", currency: "TWD", allotment: "10", purchase_limit: "1", hold_s: "600", standby_limit: "", question: "Q?", options: "A\n\n B ", answer: "B" };
  const plan = readPlan(form);
  assert.equal(plan.title, "T");
  assert.deepEqual(plan.items[0].price, { amount_minor: 200_000, currency: "TWD" });
  assert.deepEqual(plan.items[0].product, { name: "P", image_url: "/x.svg" });
  assert.deepEqual(plan.items[0].question, { text: "Q?", options: ["A", "B"], answer: "B" });
  assert.equal("standby_limit" in plan.items[0], false);
  assert.throws(() => readPlan({ ...form, answer: "C" }), { key: "plan_answer" });
});
