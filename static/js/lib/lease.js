// How do tabs take turns where the browser has no Web Locks (plain http on a private network)?
import { sleep } from "./http.js";
import { uuid } from "./uuid.js";

const LEASE_MS = 35_000;

/** Runs `task` alone among tabs, by a lease in the storage: good enough apart, and it ends by itself with a dead tab. */
export async function leased(storage, name, task) {
  const mine = uuid();
  for (;;) {
    const [holder, until] = (storage.getItem(name) ?? " ").split(" ");
    if (holder === mine) break;
    if (!(Number(until) > Date.now())) storage.setItem(name, `${mine} ${Date.now() + LEASE_MS}`);
    // Whoever wrote last within this wait has it.
    await sleep(40 + Math.random() * 40);
  }
  try {
    return await task();
  } finally {
    storage.removeItem(name);
  }
}
