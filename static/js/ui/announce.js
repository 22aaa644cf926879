// How does a buyer notice who is not looking at this tab?

/** Reads a text out: `polite` when there is a pause, `assertive` at once (only for what needs the buyer now). */
export function announce(text, how = "polite") {
  const region = document.getElementById(`say-${how}`);
  region.textContent = "";
  // Emptied first and filled later: an unchanged region is not read again.
  setTimeout(() => (region.textContent = text), 60);
}

let blinking = null;

/** Blinks the tab's title between its own and `text` until the tab is looked at. */
export function callBack(text) {
  calm();
  if (document.visibilityState === "visible" && document.hasFocus()) return;
  const own = document.title;
  let odd = false;
  const timer = setInterval(() => (document.title = (odd = !odd) ? text : own), 1_000);
  document.title = text;
  blinking = () => {
    clearInterval(timer);
    document.title = own;
  };
}

export function calm() {
  blinking?.();
  blinking = null;
}

addEventListener("focus", calm);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && calm());
