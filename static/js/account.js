// The account page: sign in or sign up on one card, then on to where the visitor came from.
import { safeNext } from "./account/next.js";
import { faultOf } from "./account/check.js";
import { byId, showPane } from "./ui/dom.js";
import { errorText, put, t } from "./ui/i18n.js";
import { flash, startPage } from "./ui/shell.js";

const next = safeNext(new URLSearchParams(location.search).get("next"), location.origin);
const form = byId("enter-form");
const tabs = { in: byId("tab-in"), up: byId("tab-up") };
let mode = "in";
let busy = false;

const session = await startPage({ words: ["shop"] });
session.addEventListener("change", show);
for (const [name, tab] of Object.entries(tabs)) tab.addEventListener("click", () => choose(name));
byId("enter").querySelector("[role=tablist]").addEventListener("keydown", arrows);
byId("sign-out").addEventListener("click", leave);
form.addEventListener("submit", submit);
choose(location.hash === "#new" ? "up" : "in");
show();

function choose(name) {
  mode = name;
  for (const [key, tab] of Object.entries(tabs)) {
    tab.setAttribute("aria-selected", key === name);
    tab.tabIndex = key === name ? 0 : -1;
  }
  byId("enter-panel").setAttribute("aria-labelledby", tabs[name].id);
  byId("name-field").hidden = name === "in";
  byId("password-hint").hidden = name === "in";
  byId("password").autocomplete = name === "in" ? "current-password" : "new-password";
  put(form.querySelector("button"), name === "in" ? "account.sign_in" : "account.sign_up");
  byId("enter-fault").textContent = "";
}

function arrows(event) {
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  choose(mode === "in" ? "up" : "in");
  tabs[mode].focus();
}

function show() {
  const { user } = session;
  if (user && next && !busy) return location.replace(next);
  showPane(user ? "me" : "enter");
  if (!user) return;
  byId("me-name").textContent = user.name || user.email;
  byId("me-email").textContent = user.email;
}

async function submit(event) {
  event.preventDefault();
  if (busy) return;
  const { name, email, password } = Object.fromEntries(new FormData(form));
  const fault = faultOf({ email: email.trim(), password, isNew: mode === "up" });
  mark(fault);
  if (fault) return;
  busy = true;
  try {
    await (mode === "in" ? session.signIn(email.trim(), password) : session.signUp(email.trim(), password, name.trim()));
    flash(mode === "in" ? "account.welcome" : "account.registered");
    location.replace(next ?? "/");
  } catch (problem) {
    byId("enter-fault").textContent = errorText(problem);
  } finally {
    busy = false;
  }
}

function mark(fault) {
  byId("enter-fault").textContent = fault ? t(fault.key) : "";
  for (const id of ["email", "password"]) byId(id).setAttribute("aria-invalid", fault?.field === id);
  if (fault) byId(fault.field).focus();
}

async function leave() {
  for (const key of ["miaosha.shipping", "miaosha.receipts"]) localStorage.removeItem(key);
  await session.signOut();
}
