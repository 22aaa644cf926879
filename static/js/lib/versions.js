// Which of two pieces of news is the newer one?

const ms = (instant) => (typeof instant === "string" ? Date.parse(instant) : instant);
const ENDED = new Set(["paid", "refused", "expired", "withdrawn"]);
const INSTANTS = ["waiting_room_opens_at", "opens_at", "closes_at", "paused_at"];

/** A sale from a body or a frame, instants in Unix ms. */
export function readSale(raw) {
  const sale = { ...raw, id: raw.id ?? raw.sale_id };
  for (const name of INSTANTS) if (sale[name] != null) sale[name] = ms(sale[name]);
  sale.items = (raw.items ?? []).map((item) => ({ ...item, may_return_by: ms(item.may_return_by) ?? null }));
  return sale;
}

export function readClaim(raw) {
  return { ...raw, deadline: ms(raw.deadline) ?? null };
}

/**
 * The sale's own fields come from the higher version, each item's stock from the higher stock version; what only HTTP
 * bodies carry (product, question) stays.
 */
export function mergeSale(old, next, now) {
  if (!old) return stamped({ ...next }, now);
  const newer = next.version > old.version;
  const base = newer ? { ...old, paused_at: null, ...next } : { ...next, ...old };
  base.items = mergeItems(old, next);
  return newer ? stamped(base, now) : base;
}

// A frame does not say since when; the moment we learnt of it is close enough.
function stamped(sale, now) {
  if (sale.state === "paused") sale.paused_at ??= now;
  return sale;
}

function mergeItems(old, next) {
  const before = new Map(old.items.map((item) => [item.id, item]));
  for (const item of next.items) {
    const had = before.get(item.id);
    before.set(item.id, newerStock(had, item, next.version >= old.version) ? { ...had, ...item } : { ...item, ...had });
  }
  return [...before.values()];
}

// At equal stock the sale's version decides: closing a sale changes the item's state, not its stock.
function newerStock(had, item, saleIsNewer) {
  if (!had) return true;
  return item.stock_version > had.stock_version || (item.stock_version === had.stock_version && saleIsNewer);
}

/** The later attempt stays, and within an attempt the higher version. */
export function newerClaim(old, next) {
  if (!old || next.attempt > old.attempt) return next;
  if (next.attempt < old.attempt || next.version < old.version) return old;
  // On the standby list, place and odds move on within a version.
  if (next.version === old.version && (old.state !== "standby" || next.state !== "standby")) return old;
  return { ...next, receipt: next.receipt ?? old.receipt };
}

export const ended = (claim) => ENDED.has(claim?.state);

/** A claim that has not ended is asked for again under its own number. */
export function nextAttempt(claim) {
  if (!claim) return 1;
  return ended(claim) ? claim.attempt + 1 : claim.attempt;
}
