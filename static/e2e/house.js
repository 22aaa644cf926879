// The house that a test file is held in: a server of its own, or the full stack that runs; and a staff hand to plan sales.

import { randomUUID } from "node:crypto";
import { Server, STAFF as OWN_STAFF } from "./server.js";
import { Stack, staffOf } from "./stack.js";
import { until } from "./wait.js";

/** The folder of a full stack that runs; without it each test file has a server of its own. */
const STACK = process.env.TEST_STACK;
const STAFF = STACK ? staffOf(STACK) : OWN_STAFF;
const PATIENCE = 5;

export class House {
  /** @param {string[]} settings further ones, as in `publisher.push.heartbeat=2s`; whoever started the full stack gave it them */
  static async open(settings = []) {
    const house = new House();
    house.server = STACK ? await Stack.open(STACK) : await Server.open(settings);
    ({ url: house.url, port: house.port } = house.server);
    const signedIn = await house.call("POST", "/api/v1/auth/token", STAFF);
    house.staff = signedIn.access_token;
    return house;
  }

  /** Starts everything of ours again, as it was. */
  start() {
    return this.server.start();
  }

  stop(signal = "SIGTERM") {
    return this.server.stop(signal);
  }

  close() {
    return this.server.close();
  }

  /** Gives a browser what this house shows to nobody else: in a full stack, the mailbox. */
  furnish(context) {
    return this.server.furnish?.(context);
  }

  /** One call of the API, again when it came too fast; anything but success is an error with the problem's text. */
  async call(method, path, body, token, more = {}) {
    const headers = { accept: "application/json", ...more };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (token) headers.authorization = `Bearer ${token}`;
    const send = () => fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    let answer = await send();
    for (let n = 0; answer.status === 429 && n < PATIENCE; n++) {
      await new Promise((done) => setTimeout(done, Number(answer.headers.get("retry-after")) * 1000));
      answer = await send();
    }
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** A sale that opens in `opensInS` seconds; the item's own settings over sensible ones. */
  async plan({ title = "Test sale", opensInS = 2, lastsS = 600, item = {} } = {}) {
    const now = Date.now();
    const at = (s) => new Date(now + s * 1000).toISOString();
    const product = { name: "Arcadia game console", description: "One for each buyer.", image_url: "/static/img/console.svg" };
    const money = (whole) => ({ amount_minor: whole * 100, currency: "TWD" });
    const items = [{ product, price: money(1700), list_price: money(17000), allotment: 10, purchase_limit: 1, hold_s: 120, ...item }];
    const plan = { title, opens_at: at(opensInS), closes_at: at(opensInS + lastsS), items };
    return this.call("POST", "/api/v1/admin/sales", plan, this.staff);
  }

  /** A new buyer, signed up over the API. */
  async buyer() {
    const email = `buyer-${randomUUID()}@shop.test`;
    const answer = await this.call("POST", "/api/v1/users", { email, password: "a long password", name: "Buyer" });
    return { email, password: "a long password", token: answer.access_token };
  }

  /** Claims over the API and waits for the claim to be what it should become. */
  async claim(buyer, sale, state, body = {}) {
    const { claim_id } = await this.call("POST", `/api/v1/sale-items/${sale.items[0].id}/claims`, body, buyer.token);
    const mine = async () => (await this.call("GET", "/api/v1/me/claims", undefined, buyer.token)).items.find((c) => c.claim_id === claim_id && c.state === state);
    // Seldom enough for the limit on one person's requests.
    return until(`the claim to be ${state}`, mine, 10_000, 250);
  }

  /** Pays for a held claim over the API. */
  pay(buyer, { purchase_pass }) {
    const body = { purchase_pass, payment: { method: "sandbox", token: "tok_approve" }, shipping: { name: "Ann Lee", phone: "+886 2 1234 5678", address: "1 Market Street, Taipei" } };
    return this.call("POST", "/api/v1/checkout", body, buyer.token, { "idempotency-key": randomUUID() });
  }
}

export { STAFF, until };
