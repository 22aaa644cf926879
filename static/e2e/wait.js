// Waiting: for a condition, with a bound.

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
