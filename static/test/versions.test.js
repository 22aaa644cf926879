// News: does the newer one win, in whatever order it comes?
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeSale, newerClaim, nextAttempt, readClaim, readSale } from "../js/lib/versions.js";

const body = (over = {}) => readSale({ id: "s", title: "T", version: 3, state: "waiting_room", opens_at: "2026-01-01T00:00:00.000Z", closes_at: "2026-01-01T01:00:00.000Z", items: [{ id: "i", state: "on_sale", available: 5, stock_version: 7, product: { name: "P" } }], ...over });
const frame = (over = {}, item = {}) => readSale({ type: "sale", sale_id: "s", version: 4, state: "open", opens_at: 1, closes_at: 2, items: [{ id: "i", state: "on_sale", available: 4, stock_version: 8, ...item }], ...over });

test("instants_of_bodies_and_frames_become_milliseconds", () => {
  assert.equal(body().opens_at, Date.UTC(2026, 0, 1));
  assert.equal(readClaim({ deadline: "2026-01-01T00:00:00.000Z" }).deadline, Date.UTC(2026, 0, 1));
  assert.equal(readClaim({ deadline: 5 }).deadline, 5);
  assert.equal(readClaim({}).deadline, null);
});

test("body_and_frame_give_the_same_in_either_order", () => {
  const one = mergeSale(mergeSale(null, body(), 0), frame(), 0);
  const other = mergeSale(mergeSale(null, frame(), 0), body(), 0);
  for (const sale of [one, other]) {
    assert.equal(sale.state, "open");
    assert.equal(sale.title, "T");
    assert.equal(sale.items[0].available, 4);
    assert.equal(sale.items[0].product.name, "P");
  }
});

test("stock_follows_its_own_version_not_the_sales", () => {
  const sale = mergeSale(mergeSale(null, frame(), 0), frame({ version: 5 }, { available: 9, stock_version: 6 }), 0);
  assert.equal(sale.items[0].available, 4);
});

test("closing_changes_an_item_whose_stock_did_not_move", () => {
  const sale = mergeSale(mergeSale(null, frame(), 0), frame({ version: 5, state: "closed" }, { state: "closed" }), 0);
  assert.equal(sale.items[0].state, "closed");
  assert.equal(mergeSale(sale, frame(), 0).items[0].state, "closed");
});

test("a_pause_that_a_frame_tells_has_a_beginning_and_an_end", () => {
  const paused = mergeSale(mergeSale(null, frame(), 0), frame({ version: 5, state: "paused" }), 1234);
  assert.equal(paused.paused_at, 1234);
  assert.equal(mergeSale(paused, frame({ version: 5, state: "paused" }), 9999).paused_at, 1234);
  assert.equal(mergeSale(paused, frame({ version: 6 }), 0).paused_at, null);
});

test("a_claim_never_goes_back_in_version_or_attempt", () => {
  const held = { attempt: 1, version: 2, state: "held", receipt: undefined };
  assert.equal(newerClaim(held, { attempt: 1, version: 1, state: "received" }), held);
  assert.equal(newerClaim(held, { attempt: 1, version: 2, state: "held" }), held);
  assert.equal(newerClaim(held, { attempt: 2, version: 0, state: "received" }).attempt, 2);
  assert.equal(newerClaim({ attempt: 2, version: 0 }, { attempt: 1, version: 9 }).attempt, 2);
});

test("a_place_on_the_standby_list_moves_though_the_claim_stays_as_it_is", () => {
  const second = { attempt: 1, version: 1, state: "standby", position: 2, odds: 0, receipt: "signed" };
  assert.deepEqual(newerClaim(second, { attempt: 1, version: 1, state: "standby", position: 1, odds: 33 }), { ...second, position: 1, odds: 33 });
  const held = { attempt: 1, version: 3, state: "held" };
  assert.equal(newerClaim(held, { ...second, version: 3 }), held);
});

test("an_ended_claim_is_followed_by_the_next_attempt_a_live_one_by_itself", () => {
  assert.equal(nextAttempt(null), 1);
  assert.equal(nextAttempt({ attempt: 1, state: "received" }), 1);
  assert.equal(nextAttempt({ attempt: 2, state: "expired" }), 3);
});
