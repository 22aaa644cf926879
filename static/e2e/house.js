// A server of its own for one test file: the release binary on a free port and a fresh folder, and a staff hand to plan sales.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = process.env.MIAOSHA_BINARY ?? fileURLToPath(new URL("../../target/release/miaosha", import.meta.url));
const STAFF = { email: "staff@shop.test", password: "correct horse battery" };
const PATIENCE = 5;
const START_LIMIT_MS = 15_000;

/** Polls until `ask` answers something true; fails with `what` when the bound is reached. */
export async function until(what, ask, limitMs = 10_000, everyMs = 50) {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((done) => setTimeout(done, everyMs));
  }
}

// The server takes settings from MIAOSHA_…: neither the tests' own variables nor the developer's shall become some.
function strangersEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MIAOSHA_")));
}

async function freePort() {
  const probe = createServer();
  await new Promise((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

export class House {
  /** @param {string[]} settings further ones, as in `publisher.push.heartbeat=2s` */
  static async open(settings = []) {
    const house = new House();
    house.settings = settings;
    house.folder = await mkdtemp(join(tmpdir(), "miaosha-e2e-"));
    house.port = await freePort();
    house.url = `http://127.0.0.1:${house.port}`;
    await house.start();
    const signedIn = await house.call("POST", "/api/v1/auth/token", STAFF);
    house.staff = signedIn.access_token;
    return house;
  }

  /** Starts the server on the same folder and port as before. */
  async start() {
    // Many people behind one address: the limit on sign-ups per address is about strangers, not about tests.
    const args = ["--listen", `127.0.0.1:${this.port}`, "--data-dir", this.folder, "--no-demo"];
    args.push("--set", "general.limits.sign_up_per_address=1000/1h", "--set", "general.limits.login_per_address=1000/1m");
    args.push("--set", "general.limits.anonymous_writes=1000/1m");
    for (const setting of this.settings) args.push("--set", setting);
    const env = { ...strangersEnv(), MIAOSHA_STAFF_EMAIL: STAFF.email, MIAOSHA_STAFF_PASSWORD: STAFF.password };
    this.log = "";
    this.child = spawn(BINARY, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const pipe of [this.child.stdout, this.child.stderr]) pipe.on("data", (text) => (this.log += text));
    this.gone = new Promise((done) => this.child.once("exit", done));
    // A test file that breaks down leaves no server behind.
    const child = this.child;
    const reap = () => child.kill("SIGKILL");
    process.once("exit", reap);
    child.once("exit", () => process.off("exit", reap));
    await until("the server to be ready", () => this.ready(), START_LIMIT_MS).catch((error) => {
      throw new Error(`${error.message}; its log:\n${this.log}`);
    });
  }

  async ready() {
    if (this.child.exitCode !== null) throw new Error(`the server ended with ${this.child.exitCode}:\n${this.log}`);
    return fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false);
  }

  async stop(signal = "SIGTERM") {
    this.child.kill(signal);
    await this.gone;
  }

  async close() {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
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

export { STAFF };
