// A server of its own for one test file: the release binary on a free port and a fresh folder.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./wait.js";

const BINARY = process.env.MIAOSHA_BINARY ?? fileURLToPath(new URL("../../target/release/miaosha", import.meta.url));
export const STAFF = { email: "staff@shop.test", password: "correct horse battery" };
const START_LIMIT_MS = 15_000;

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

export class Server {
  static async open(settings) {
    const server = new Server();
    server.settings = settings;
    server.folder = await mkdtemp(join(tmpdir(), "miaosha-e2e-"));
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    await server.start();
    return server;
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
}
