// The clock: does it find the server's time in both directions?
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../js/lib/clock.js";

const clockAt = (wall = { local: 1_000_000, skew: 0 }) => [new ServerClock({ local: () => wall.local, wall: () => wall.local + wall.skew }), wall];

for (const ahead of [-7_000, 7_000]) {
  test(`a_server_${ahead > 0 ? "ahead" : "behind"}_is_followed`, () => {
    const [clock, wall] = clockAt();
    const t0 = wall.local;
    wall.local += 80;
    clock.sample(t0, t0 + 40 + ahead);
    assert.equal(clock.offset, ahead);
    assert.equal(clock.now(), wall.local + ahead);
  });
}

test("the_shortest_round_trip_wins_over_later_and_slower_ones", () => {
  const [clock, wall] = clockAt();
  clock.sample(wall.local - 20, wall.local - 10 + 500);
  clock.sample(wall.local - 900, wall.local - 450 + 800);
  assert.equal(clock.offset, 500);
});

test("an_old_sample_is_forgotten_so_that_drift_is_followed", () => {
  const [clock, wall] = clockAt();
  clock.sample(wall.local - 10, wall.local - 5 + 100);
  wall.local += 6 * 60_000;
  clock.sample(wall.local - 50, wall.local - 25 + 130);
  assert.equal(clock.offset, 130);
});

test("a_guess_counts_only_until_the_first_sample", () => {
  const [clock, wall] = clockAt();
  assert.equal(clock.known, false);
  clock.guess(wall.local + 900);
  assert.equal(clock.offset, 900);
  clock.sample(wall.local - 10, wall.local - 5 + 1_000);
  clock.guess(wall.local + 5_000);
  assert.equal(clock.offset, 1_000);
});

test("a_machine_that_slept_measures_again_and_keeps_its_offset_as_a_guess", () => {
  const [clock, wall] = clockAt();
  clock.sample(wall.local - 10, wall.local - 5 + 1_000);
  assert.equal(clock.stepped(), false);
  wall.skew = 60_000;
  assert.equal(clock.stepped(), true);
  assert.equal(clock.stepped(), false);
  assert.equal(clock.offset, 1_000);
  clock.sample(wall.local - 400, wall.local - 200 + 61_000);
  assert.equal(clock.offset, 61_000);
});
