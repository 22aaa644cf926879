// How is a request sent, and what does a failure look like?

/** A failure with a stable `code`: the server's, or `network` / `timeout` when there was no answer. */
export class Problem extends Error {
  constructor({ status = 0, code = "network", detail = "", retryAfterMs = null, ...rest } = {}) {
    super(detail || code);
    Object.assign(this, rest, { name: "Problem", status, code, detail, retryAfterMs });
  }

  /** True when nobody knows whether the server acted: no answer, or a broken one. */
  get unknown() {
    return this.status === 0 || this.status >= 500;
  }
}

/** Sends JSON, gets JSON: the body, with the status as `$status` where it is an object. Throws {@link Problem}. */
export async function request(url, { method = "GET", body, token, headers = {}, timeoutMs = 10_000 } = {}) {
  const response = await fetch(url, {
    method,
    headers: {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error) => {
    throw new Problem({ code: error.name === "TimeoutError" ? "timeout" : "network", detail: error.message });
  });
  return response.ok ? answer(response) : refuse(response);
}

async function answer(response) {
  if (response.status === 204) return null;
  const body = await response.json().catch(() => {
    throw new Problem({ code: "network", detail: "unreadable answer" });
  });
  // Not enumerable: callers may store or send the body as it came.
  return Object.defineProperty(body, "$status", { value: response.status });
}

async function refuse(response) {
  const body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("retry-after"));
  throw new Problem({
    ...body,
    status: response.status,
    code: body.code ?? `http_${response.status}`,
    detail: body.detail ?? body.title ?? "",
    retryAfterMs: seconds > 0 ? seconds * 1000 : null,
  });
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
