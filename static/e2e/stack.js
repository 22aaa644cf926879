// The full stack: what runs in its folder, found as its starter left word, and our own nodes in it killed and started again.

import { spawn } from "node:child_process";
import { openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Postbox } from "./postbox.js";
import { until } from "./wait.js";

/** Our own nodes; the stores, the provider and the balancer stay. */
const NODE = /^(publisher|consumer|general)-\d+$/;
const START_LIMIT_MS = 30_000;

export class Stack {
  static async open(folder) {
    const stack = new Stack();
    stack.folder = folder;
    stack.url = read(folder, "stack.json").nginx;
    stack.port = Number(new URL(stack.url).port);
    stack.postbox = new Postbox(join(folder, "mail/letters"), stack.url);
    await stack.ready();
    return stack;
  }

  #nodes() {
    const names = readdirSync(join(this.folder, "run")).map((file) => file.replace(/\.json$/, ""));
    return names.filter((name) => NODE.test(name));
  }

  async stop(signal) {
    const pids = this.#nodes().map((name) => this.#pid(name)).filter(isAlive);
    for (const pid of pids) process.kill(pid, signal);
    await until("our nodes to end", () => !pids.some(isAlive), START_LIMIT_MS);
  }

  async start() {
    for (const name of this.#nodes()) if (!isAlive(this.#pid(name))) this.#start(name);
    await this.ready();
  }

  #pid(name) {
    return read(this.folder, `run/${name}.pid`).pid;
  }

  // As the stack's own starter does it, so that it finds the node again.
  #start(name) {
    const launch = read(this.folder, `run/${name}.json`);
    const log = openSync(join(this.folder, "log", `${name}.log`), "a");
    const env = { PATH: process.env.PATH, LANG: "C.UTF-8", ...launch.env };
    const child = spawn(launch.program, launch.args, { cwd: launch.folder, env, detached: true, stdio: ["ignore", log, log] });
    child.unref();
    const started = Number(statOf(child.pid)[19]);
    writeFileSync(join(this.folder, "run", `${name}.pid`), JSON.stringify({ pid: child.pid, started }));
  }

  /** Every role answers through the balancer. */
  ready() {
    const answers = (path, wanted) => fetch(this.url + path).then((answer) => wanted.includes(answer.status), () => false);
    const all = () => Promise.all([
      answers("/api/v1/sales", [200]),
      answers("/api/v1/me/claims", [401]),
      answers("/api/v1/live", [400, 426]),
    ]);
    return until("the stack to be ready", async () => (await all()).every(Boolean), START_LIMIT_MS);
  }

  furnish(context) {
    return this.postbox.furnish(context);
  }

  /** The stack is not ours to end. */
  async close() {}
}

/** Who may plan sales, as written down where our nodes were started. */
export const staffOf = (folder) => read(folder, "apps/staff.json");

const read = (folder, file) => JSON.parse(readFileSync(join(folder, file), "utf8"));

/** The fields after the name, which may hold anything. */
function statOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
}

function isAlive(pid) {
  try {
    return !"ZX".includes(statOf(pid)[0]);
  } catch {
    return false;
  }
}
