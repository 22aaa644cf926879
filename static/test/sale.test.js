// The page of a sale: what does it show when?
import assert from "node:assert/strict";
import { test } from "node:test";
import { announcement, nextChange, viewOf } from "../js/sale/view.js";
import { standing } from "../js/home/cards.js";

const sale = { state: "waiting_room", waiting_room_opens_at: 0, opens_at: 100, closes_at: 200 };
const item = { state: "on_sale" };
const at = (now, over = {}, claim = null, stock = item) => viewOf({ sale: { ...sale, ...over }, item: stock, claim, now });

test("the_button_opens_by_our_own_clock_or_by_the_servers_word_and_not_before", () => {
  assert.equal(at(99).ask, "");
  assert.deepEqual(at(100), { name: "open", ask: "claim", sale: "open" });
  assert.equal(at(90, { state: "open" }).ask, "claim");
  assert.equal(at(150, { state: "paused" }).ask, "");
  assert.equal(at(200).ask, "");
  assert.equal(at(150, { state: "closed" }).name, "closed");
});

test("before_the_waiting_room_the_sale_is_scheduled", () => {
  assert.equal(at(-1, { state: "scheduled" }).name, "scheduled");
  assert.equal(at(1, { state: "scheduled" }).name, "waiting_room");
});

test("all_held_offers_standby_and_sold_out_offers_nothing", () => {
  assert.deepEqual(at(150, {}, null, { state: "all_held" }), { name: "all_held", ask: "standby", sale: "all_held" });
  assert.equal(at(150, {}, null, { state: "sold_out" }).ask, "");
});

test("a_claim_goes_before_the_sale_and_may_be_tried_again_when_it_has_ended", () => {
  assert.equal(at(150, {}, { state: "held" }).name, "held");
  assert.equal(at(150, {}, { state: "held" }).ask, "");
  assert.equal(at(150, {}, { state: "expired" }).ask, "again");
  assert.equal(at(250, {}, { state: "expired" }).ask, "");
  assert.equal(at(150, {}, { state: "refused", reason: "limit_reached" }).ask, "");
  assert.equal(at(150, {}, { state: "paid" }).ask, "");
});

test("what_needs_the_buyer_now_is_said_at_once_the_rest_in_a_pause", () => {
  assert.deepEqual(announcement("standby", "held"), ["say.promoted", "assertive"]);
  assert.deepEqual(announcement("received", "held"), ["say.held", "assertive"]);
  assert.deepEqual(announcement("held", "expired"), ["say.expired", "assertive"]);
  assert.deepEqual(announcement("waiting_room", "open"), ["say.open", "polite"]);
  assert.equal(announcement(null, "held"), null);
  assert.equal(announcement("held", "held"), null);
});

test("the_page_wakes_at_the_next_instant_that_changes_it", () => {
  assert.equal(nextChange(sale, 50), 100);
  assert.equal(nextChange(sale, 150), 200);
  assert.equal(nextChange(sale, 250), null);
});

test("a_sale_stands_on_one_shelf_of_the_first_page", () => {
  assert.equal(standing(sale, 50), "coming");
  assert.equal(standing(sale, 150), "live");
  assert.equal(standing({ ...sale, state: "paused" }, 150), "live");
  assert.equal(standing(sale, 300), "past");
});
