// Where may a visitor be sent after signing in? Only to a path of this very shop.

/** The path of `next` if it stays on `origin`, else null: an address in a link must not lead to another host. */
export function safeNext(next, origin) {
  if (!next || !next.startsWith("/")) return null;
  try {
    const url = new URL(next, origin);
    return url.origin === origin ? url.pathname + url.search + url.hash : null;
  } catch {
    return null;
  }
}
