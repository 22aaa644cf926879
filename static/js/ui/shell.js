// What stands around every page?
import { Session } from "../lib/session.js";
import { h } from "./dom.js";
import { changeLanguage, language, LANGUAGES, startLanguage } from "./i18n.js";
import { toast, toastBox } from "./toast.js";

const FLASH = "miaosha.flash";

/** Starts a page; `words`: further catalogue parts. Resolves with the session that the whole page shares. */
export async function startPage({ words = [], session = new Session() } = {}) {
  await startLanguage(words);
  document.body.prepend(h("a.skip", { href: "#main", t: "shell.skip" }), header(session));
  document.body.append(footer(), live("polite"), live("assertive"), toastBox());
  session.addEventListener("change", () => showAccount(session));
  showAccount(session);
  sayFlash();
  return session;
}

/** Leaves a text key for the next page to show. */
export const flash = (key) => sessionStorage.setItem(FLASH, key);

function sayFlash() {
  const key = sessionStorage.getItem(FLASH);
  sessionStorage.removeItem(FLASH);
  if (key) toast(key);
}

function header() {
  return h("header.site", {},
    h("a.logo", { href: "/", "aria-label": "Miaosha" }, h("img", { src: "/static/img/logo.svg", alt: "", width: 28, height: 28 }), h("span", {}, "MIAOSHA")),
    h("nav", { "aria-label": "Miaosha" },
      link("/orders", "shell.orders", { "data-when": "user" }),
      link("/console", "shell.console", { "data-when": "staff" }),
      link("/account", "shell.sign_in", { id: "account-link", "data-testid": "account-link" }),
      languageButton()));
}

function link(href, t, props = {}) {
  const here = location.pathname === href ? { "aria-current": "page" } : {};
  return h("a", { href, t, ...here, ...props });
}

function languageButton() {
  const other = () => Object.keys(LANGUAGES).find((l) => l !== language());
  const button = h("button.quiet", { type: "button", "data-testid": "lang-switch" });
  const label = () => {
    button.textContent = LANGUAGES[other()];
    button.lang = other();
  };
  button.addEventListener("click", () => changeLanguage(other()));
  document.addEventListener("languagechange", label);
  label();
  return button;
}

function showAccount(session) {
  const { user } = session;
  for (const el of document.querySelectorAll("[data-when]")) el.hidden = !(user && (el.dataset.when === "user" || user.role === "staff"));
  const account = document.getElementById("account-link");
  account.replaceWith(link("/account", user ? "shell.signed_in" : "shell.sign_in", { id: "account-link", "data-testid": "account-link", "data-signed-in": Boolean(user) || null }));
}

function footer() {
  return h("footer.site", {},
    h("p", {}, "© 2026 Miaosha"),
    h("nav", { "aria-label": "Footer", "data-t-aria-label": "shell.footer" }, link("/docs", "shell.docs"), link("/mailbox", "shell.mailbox")));
}

function live(how) {
  return h("div.unseen", { id: `say-${how}`, "aria-live": how, role: how === "polite" ? "status" : "alert" });
}
