// How much time is left, and when does the next second begin?

/** A second that has begun counts whole, so 0 comes exactly at the end. */
export function split(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  return {
    total,
    d: Math.floor(total / 86_400),
    h: Math.floor(total / 3_600) % 24,
    m: Math.floor(total / 60) % 60,
    s: total % 60,
  };
}

/** How long until `split` shows another second. */
export function untilTick(ms) {
  return ms <= 0 ? 0 : ms % 1000 || 1000;
}

/** Calls `tick(msLeft)` now and at each true second before `target` on that clock, the last time with 0; returns what stops it. */
export function tickDown(clock, target, tick) {
  let timer;
  const step = () => {
    clearTimeout(timer);
    // Timers fire early by a hair and clocks are corrected in between; 2 ms before the end is the end.
    const left = target - clock.now();
    tick(left > 2 ? left : 0);
    if (left > 2) timer = setTimeout(step, untilTick(left));
  };
  const woken = () => document.visibilityState === "visible" && step();
  document.addEventListener("visibilitychange", woken);
  step();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", woken);
  };
}
