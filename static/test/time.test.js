// The countdown: does it show the right second?
import assert from "node:assert/strict";
import { test } from "node:test";
import { split, untilTick } from "../js/ui/time.js";
import { minutes } from "../js/ui/format.js";

test("days_hours_minutes_and_seconds_are_split", () => {
  assert.deepEqual(split(((2 * 24 + 3) * 3600 + 4 * 60 + 5) * 1000), { total: 183_845, d: 2, h: 3, m: 4, s: 5 });
});

test("zero_comes_exactly_at_the_end_and_never_before", () => {
  assert.equal(split(1).total, 1);
  assert.equal(split(1000).total, 1);
  assert.equal(split(1001).total, 2);
  assert.equal(split(0).total, 0);
  assert.equal(split(-5).total, 0);
});

test("the_next_tick_is_at_the_true_second", () => {
  assert.equal(untilTick(2_300), 300);
  assert.equal(untilTick(2_000), 1_000);
  assert.equal(untilTick(0), 0);
  for (const left of [1, 999, 1_000, 1_001, 59_999]) assert.equal(split(left - untilTick(left)).total, split(left).total - 1);
});

test("minutes_are_written_with_two_digits_of_seconds", () => {
  assert.equal(minutes(545_000), "9:05");
  assert.equal(minutes(400), "0:01");
  assert.equal(minutes(-1), "0:00");
});
