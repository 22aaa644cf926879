#!/usr/bin/env node
// Buys something: plans a sale of two units as staff, signs up, claims when it opens, pays with the sandbox's card, and finds the order.
//
// usage: STAFF='{"MIAOSHA_STAFF_EMAIL": …, "MIAOSHA_STAFF_PASSWORD": …}' smoke.mjs https://staging.shop.example
import { randomUUID } from "node:crypto";

const url = process.argv[2];
const staff = JSON.parse(process.env.STAFF);
const OPENS_IN_S = 15;
const LIMIT_MS = 60_000;

async function call(method, path, body, token, more = {}) {
  const headers = { accept: "application/json", ...more };
  if (body) headers["content-type"] = "application/json";
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(20_000) });
  const text = await answer.text();
  if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${text}`), { status: answer.status });
  return text ? JSON.parse(text) : null;
}

/** Asks again until there is an answer, or says what was waited for. */
async function until(what, ask) {
  const end = Date.now() + LIMIT_MS;
  for (let why = "", told = ""; Date.now() < end; await new Promise((done) => setTimeout(done, 500))) {
    const found = await ask().catch((error) => void (why = error.message));
    if (found) return found;
    // Each request has an id of its own; the same reason is told once.
    const reason = why.replace(/"request_id":"[^"]*"/, "");
    if (reason !== told) console.log(`not yet ${what}: ${why}`);
    told = reason;
  }
  throw new Error(`waited in vain for ${what}`);
}

const step = (text) => console.log(`${new Date().toISOString()} ${text}`);

const page = await fetch(`${url}/`);
if (!page.ok || !(page.headers.get("content-security-policy") ?? "").includes("default-src 'none'")) throw new Error("the page is not there, or not as strict as it should be");
step("the page is there");

const login = { email: staff.MIAOSHA_STAFF_EMAIL, password: staff.MIAOSHA_STAFF_PASSWORD };
const { access_token: planner } = await call("POST", "/api/v1/auth/token", login);
const at = (s) => new Date(Date.now() + s * 1000).toISOString();
const product = { name: "Smoke test", description: "Nobody is sent this.", image_url: "/static/img/parcel.svg" };
const money = (amount_minor) => ({ amount_minor, currency: "TWD" });
const items = [{ product, price: money(100), list_price: money(1000), allotment: 2, purchase_limit: 1, hold_s: 120 }];
const sale = await call("POST", "/api/v1/admin/sales", { title: `Smoke test ${at(0)}`, opens_at: at(OPENS_IN_S), closes_at: at(OPENS_IN_S + 300), items }, planner);
step(`planned ${sale.id}`);

// SES's own mailbox, which takes every letter: one that came back would count against us, and where a letter of each release does so SES stops.
const buyer = { email: `success+${randomUUID()}@simulator.amazonses.com`, password: randomUUID(), name: "Smoke" };
const { access_token: token } = await call("POST", "/api/v1/users", buyer);
const claimed = await until("a receipt", () => call("POST", `/api/v1/sale-items/${sale.items[0].id}/claims`, {}, token));
step(`claimed ${claimed.claim_id}`);
const mine = () => call("GET", "/api/v1/me/claims", undefined, token).then(({ items }) => items.find((c) => c.claim_id === claimed.claim_id));
const held = await until("a hold", () => mine().then((claim) => claim?.state === "held" && claim));
step("holds a unit");

const order = await call("POST", "/api/v1/checkout", {
  purchase_pass: held.purchase_pass,
  payment: { method: "sandbox", token: "tok_approve" },
  shipping: { name: "Smoke", phone: "+886 2 1234 5678", address: "1 Market Street, Taipei" },
}, token, { "idempotency-key": randomUUID() });
await until("the claim to be paid", () => mine().then((claim) => claim?.state === "paid"));
const orders = await call("GET", "/api/v1/me/orders", undefined, token);
if (orders.items.length !== 1) throw new Error(`one order was made, and ${orders.items.length} are there`);
step(`bought: order ${order.number ?? order.id ?? orders.items[0].id}`);
await call("POST", `/api/v1/admin/sales/${sale.id}/close`, undefined, planner).catch((error) => step(`left open: ${error.message}`));
