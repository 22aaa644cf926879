// The card form: what is plausible, and which token stands for it?
import assert from "node:assert/strict";
import { test } from "node:test";
import { brand, codeIsValid, covered, expiryIsValid, expiryText, grouped, numberIsValid, TEST_CARDS, tokenOf } from "../js/checkout/card.js";

test("every_test_card_is_a_valid_number_with_its_own_token", () => {
  for (const [number, token] of TEST_CARDS) {
    assert.ok(numberIsValid(number), number);
    assert.equal(tokenOf(number), token);
  }
  assert.equal(tokenOf("5555555555554444"), "tok_approve");
});

test("a_wrong_digit_or_a_wrong_length_is_not_valid", () => {
  for (const number of ["", "4242", "4242424242424241", "42424242424242424242", "37828224631000"]) assert.equal(numberIsValid(number), false, number);
});

test("brands_are_told_by_their_first_digits", () => {
  const brands = { "4242": "Visa", "5555": "Mastercard", "2221": "Mastercard", "378": "American Express", "3530": "JCB", "6212": "UnionPay", "6011": "Discover", "9": "" };
  for (const [number, name] of Object.entries(brands)) assert.equal(brand(number), name, number);
});

test("numbers_are_grouped_and_the_middle_is_covered", () => {
  assert.equal(grouped("4242424242424242"), "4242 4242 4242 4242");
  assert.equal(grouped("42424"), "4242 4");
  assert.equal(grouped("378282246310005"), "3782 822463 10005");
  assert.equal(grouped(""), "");
  assert.equal(covered("4242424242424242"), "4242 42•• •••• 4242");
});

test("expiry_is_written_as_month_and_year", () => {
  const typed = { "0": "0", "4": "04", "04": "04", "042": "04/2", "0427": "04/27", "04/": "04/", "4/27": "04/27", "04/2027": "04/27", "1": "1", "12": "12" };
  for (const [text, shown] of Object.entries(typed)) assert.equal(expiryText(text), shown, text);
});

test("a_card_is_good_until_the_end_of_its_month", () => {
  const now = new Date(2026, 10, 30);
  assert.ok(expiryIsValid("11/26", now));
  assert.equal(expiryIsValid("10/26", now), false);
  assert.equal(expiryIsValid("13/27", now), false);
  assert.equal(expiryIsValid("11/2", now), false);
});

test("the_code_has_three_digits_and_four_on_american_express", () => {
  assert.ok(codeIsValid("123", "4242"));
  assert.ok(codeIsValid("1234", "378"));
  assert.equal(codeIsValid("1234", "4242"), false);
  assert.equal(codeIsValid("12a", "4242"), false);
});
