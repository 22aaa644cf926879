// Is this card number, expiry and code plausible, and which sandbox token stands for it? Pure.

const BRANDS = [
  ["Visa", /^4/, [16, 19, 13]],
  ["Mastercard", /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  ["American Express", /^3[47]/, [15]],
  ["JCB", /^35/, [16]],
  ["UnionPay", /^62/, [16, 17, 18, 19]],
  ["Discover", /^(6011|65|64[4-9])/, [16]],
];

/** Numbers of the sandbox with what they do; every other valid number is approved. */
export const TEST_CARDS = [
  ["4242424242424242", "tok_approve", "card.test.approve"],
  ["4000000000000002", "tok_decline", "card.test.decline"],
  ["4000000000000341", "tok_decline_then_approve", "card.test.decline_then_approve"],
  ["4000000000003220", "tok_slow_3000", "card.test.slow"],
  ["4000000000009987", "tok_unknown", "card.test.unknown"],
  ["4000000000009995", "tok_lost", "card.test.lost"],
];

export const digits = (text) => text.replace(/\D/g, "");

const known = (number) => BRANDS.find(([, pattern]) => pattern.test(number));

export const brand = (number) => known(number)?.[0] ?? "";

/** Groups of four; American Express writes 4-6-5. */
export function grouped(number) {
  const groups = brand(number) === "American Express" ? /^(.{1,4})(.{1,6})?(.{1,5})?/ : /(.{1,4})/g;
  const parts = groups.global ? number.match(groups) : number.match(groups)?.slice(1).filter(Boolean);
  return (parts ?? []).join(" ");
}

/** The number as shown when nobody types in it: digits 7 to 12 are covered. */
export const covered = (number) => grouped(number.replace(/^(.{6})(.{1,6})/, (_, head, mid) => head + "•".repeat(mid.length)));

export function luhn(number) {
  let sum = 0;
  for (let i = 0; i < number.length; i++) {
    const digit = Number(number[number.length - 1 - i]) * (i % 2 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return number.length > 0 && sum % 10 === 0;
}

export function numberIsValid(number) {
  const lengths = known(number)?.[2] ?? [13, 14, 15, 16, 17, 18, 19];
  return lengths.includes(number.length) && luhn(number);
}

/** `4`, `0427`, `04/27`, `4/2027` as `MM/YY`, as far as typed. */
export function expiryText(text) {
  const full = text.match(/^\s*(\d{1,2})\s*\/\s*20(\d\d)\s*$/);
  if (full) return `${full[1].padStart(2, "0")}/${full[2]}`;
  const short = text.match(/^\s*([1-9])\s*\/\s*(\d{0,2})/);
  const d = short ? `0${short[1]}${short[2]}` : digits(text).slice(0, 4);
  const padded = /^[2-9]$/.test(d) ? `0${d}` : d;
  return padded.length > 2 || (padded.length === 2 && text.endsWith("/")) ? `${padded.slice(0, 2)}/${padded.slice(2)}` : padded;
}

/** A card is good until the end of its month. */
export function expiryIsValid(text, now = new Date()) {
  const [, month, year] = text.match(/^(\d\d)\/(\d\d)$/) ?? [];
  if (!month || month < 1 || month > 12) return false;
  const months = (2000 + Number(year)) * 12 + Number(month) - 1;
  const present = now.getFullYear() * 12 + now.getMonth();
  return months >= present && months < present + 20 * 12;
}

export const codeIsValid = (code, number) => new RegExp(`^\\d{${brand(number) === "American Express" ? 4 : 3}}$`).test(code);

export const tokenOf = (number) => TEST_CARDS.find(([n]) => n === number)?.[1] ?? "tok_approve";
