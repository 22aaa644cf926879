// Who is signed in, in all tabs, and with which token?
import { Problem, request } from "./http.js";

const KEY = "miaosha.session";
const LOCK = "miaosha.refresh";
const EARLY_MS = 60_000;

// Needed once in half an hour, so not on the way to the first picture.
const openVault = () => import("./vault.js");

/** Account and tokens of all tabs. Fires `change` when another user (or nobody) is signed in. */
export class Session extends EventTarget {
  #userId;

  constructor({ origin = "", storage = globalThis.localStorage, locks = globalThis.navigator?.locks } = {}) {
    super();
    this.base = `${origin}/api/v1`;
    this.storage = storage;
    this.locks = locks;
    this.#userId = this.user?.id ?? null;
    globalThis.addEventListener?.("storage", (e) => {
      if (e.key === KEY || e.key === null) this.#tell();
    });
  }

  get user() {
    return this.#read()?.user ?? null;
  }

  get signedIn() {
    return this.#read() !== null;
  }

  signUp(email, password, name) {
    return this.#enter("/users", { email, password, ...(name ? { name } : {}) });
  }

  signIn(email, password) {
    return this.#enter("/auth/token", { email, password });
  }

  /** Signs out in every tab; the server is not waited for longer than 3 s. */
  async signOut() {
    const vault = await openVault();
    const kept = await vault.take();
    await vault.empty();
    this.#forget();
    if (!kept) return;
    const body = { refresh_token: kept.refresh_token };
    await request(`${this.base}/auth/sign-out`, { method: "POST", body, timeoutMs: 3000 }).catch(() => {});
  }

  /** An access token with some life left, or null when nobody is signed in. */
  async accessToken() {
    const kept = this.#read();
    if (!kept) return null;
    const left = kept.expires_at - Date.now();
    if (left > EARLY_MS) return kept.access_token;
    return this.#renew(kept.access_token).catch((problem) => {
      if (left > 0) return kept.access_token;
      throw problem;
    });
  }

  /** A token other than `spent`, which the server did not accept; null when the session is over. */
  replace(spent) {
    return this.#renew(spent);
  }

  /** Sends as the signed-in user; a token that is not accepted is renewed once. */
  async send(path, options = {}) {
    const token = await this.accessToken();
    if (!token) throw new Problem({ status: 401, code: "sign_in_required" });
    try {
      return await request(this.base + path, { ...options, token });
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      const fresh = await this.#renew(token);
      if (!fresh) throw new Problem({ status: 401, code: "sign_in_required" });
      return request(this.base + path, { ...options, token: fresh });
    }
  }

  async #enter(path, body) {
    const answer = await request(this.base + path, { method: "POST", body });
    await this.#keep(answer);
    return answer.user;
  }

  // The server revokes the whole family when a refresh token is used twice, so one tab at a time, and whoever
  // comes second finds the new token in the vault instead of asking.
  #renew(spent) {
    return this.#alone(async () => {
      const vault = await openVault();
      const kept = await vault.take();
      if (!kept) return this.#forget();
      if (kept.access_token !== spent) return this.#show(kept);
      try {
        const body = { refresh_token: kept.refresh_token };
        const answer = await request(`${this.base}/auth/refresh`, { method: "POST", body, timeoutMs: 30_000 });
        // A sign-out meanwhile wins; the server has revoked the family anyway.
        const still = (await vault.take())?.refresh_token === kept.refresh_token;
        return still ? this.#keep({ user: kept.user, ...answer }) : null;
      } catch (problem) {
        if (problem.status !== 401) throw problem;
        await vault.empty();
        return this.#forget();
      }
    });
  }

  #alone(task) {
    if (this.locks) return this.locks.request(LOCK, task);
    return import("./lease.js").then(({ leased }) => leased(this.storage, LOCK, task));
  }

  #read() {
    try {
      return JSON.parse(this.storage.getItem(KEY));
    } catch {
      return null;
    }
  }

  async #keep({ user, access_token, refresh_token, expires_in }) {
    const kept = { user, access_token, refresh_token, expires_at: Date.now() + expires_in * 1000 };
    await (await openVault()).put(kept);
    return this.#show(kept);
  }

  // What pages read at once, without the refresh token.
  #show({ user, access_token, expires_at }) {
    this.storage.setItem(KEY, JSON.stringify({ user, access_token, expires_at }));
    this.#tell();
    return access_token;
  }

  #forget() {
    this.storage.removeItem(KEY);
    this.#tell();
    return null;
  }

  #tell() {
    const id = this.user?.id ?? null;
    if (id === this.#userId) return;
    this.#userId = id;
    this.dispatchEvent(new Event("change"));
  }
}
