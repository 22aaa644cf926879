// The catalogues: does every language say everything, and is everything that is said in them?
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { errorKey } from "../js/ui/i18n.js";

const root = new URL("../", import.meta.url);
const names = readdirSync(new URL("js/i18n/", root));
const parts = names.filter((n) => n.startsWith("en.")).map((n) => n.slice(2));
const load = async (name) => (await import(new URL(`js/i18n/${name}`, root))).default;
const english = Object.assign({}, ...(await Promise.all(parts.map((part) => load(`en${part}`)))));

for (const part of parts) {
  test(`both_languages_have_the_same_keys_in_${part.slice(1)}`, async () => {
    assert.deepEqual(Object.keys(await load(`zh-TW${part}`)).sort(), Object.keys(await load(`en${part}`)).sort());
  });
}

test("both_languages_use_the_same_values", async () => {
  const values = (text) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((m) => m[1]))].filter((v) => v !== "tenths" && v !== "off").sort();
  for (const part of parts) {
    const [en, zh] = [await load(`en${part}`), await load(`zh-TW${part}`)];
    for (const key of Object.keys(en)) for (const v of values(zh[key])) assert.ok(values(en[key]).includes(v), key);
  }
});

test("every_key_that_a_page_or_a_module_names_is_there", () => {
  for (const [file, key] of named()) assert.ok(key in english, `${file}: ${key}`);
});

function* named() {
  for (const file of files("pages/", ".html")) for (const m of text(file).matchAll(/data-t(?:-[a-z-]+)?="([^"]+)"/g)) yield [file, m[1]];
  // Keys in modules: the first argument of t() and put(), and every `t:` property.
  const uses = [/\bt\("([^"]+)"/g, /\bt: \[?"([a-z_]+\.[^"]+)"/g, /\b(?:title|say|toast|flash|fact)\("([^"]+)"/g, /\bkey: "([^"]+)"/g];
  for (const file of files("js/", ".js")) for (const use of uses) for (const m of text(file).matchAll(use)) if (m[1].includes(".")) yield [file, m[1]];
}

const text = (file) => readFileSync(new URL(file, root), "utf8");

function files(folder, end) {
  return readdirSync(new URL(folder, root), { recursive: true }).filter((n) => n.endsWith(end) && !n.includes("i18n")).map((n) => folder + n);
}

test("every_refusal_of_the_server_has_a_human_text", () => {
  // Kept beside the server's own table at /docs/problems; `invalid_body` speaks with its detail, which names the field.
  const codes = "bad_request body_unreadable invalid_query malformed_json missing_idempotency_key bad_credentials invalid_refresh_token invalid_token token_expired unauthorized payment_declined closed forbidden foreign_origin not_open paused wrong_answer not_found method_not_allowed request_timeout all_held already_claimed email_taken ended in_flight paying sold_out too_late undecided wrong_state hold_ended body_too_large unsupported_media_type invalid_email invalid_name invalid_pass invalid_quantity invalid_shipping key_reused limit_reached weak_password upgrade_required too_fast too_many_requests internal busy full_house stopping timed_out unavailable".split(" ");
  for (const code of codes) assert.ok(errorKey(code) in english, code);
});
