// The development mailbox: which mails would have been sent?
import { request } from "./lib/http.js";
import { byId, h } from "./ui/dom.js";
import { dayTime } from "./ui/format.js";
import { errorText } from "./ui/i18n.js";
import { startPage } from "./ui/shell.js";
import { showMail } from "./mailbox/frame.js";

const REREAD_MS = 3_000;
let listed = "";

await startPage({ words: ["shop"] });
byId("as-text").addEventListener("click", () => showAs(byId("mail-text").hidden));
addEventListener("hashchange", open);
await list();
open();
setInterval(() => document.visibilityState === "visible" && list(), REREAD_MS);

async function list() {
  try {
    const { items } = await request("/dev/mail");
    byId("fault").textContent = "";
    byId("empty").hidden = items.length > 0;
    const key = items.map((mail) => mail.id).join();
    if (key === listed) return;
    listed = key;
    byId("mails").replaceChildren(...items.map(line));
    mark();
  } catch (problem) {
    byId("fault").textContent = errorText(problem);
  }
}

function line(mail) {
  return h("li", {}, h("a", { href: `#${mail.id}`, "data-testid": "mail-link" },
    h("strong", {}, mail.subject), h("span.muted", {}, `${mail.to} · ${dayTime(mail.received_at)}`)));
}

function mark() {
  for (const a of byId("mails").querySelectorAll("a")) a.toggleAttribute("aria-current", a.hash === location.hash);
}

async function open() {
  const id = location.hash.slice(1);
  mark();
  if (!id) return;
  const mail = await request(`/dev/mail/${encodeURIComponent(id)}`).catch((problem) => void (byId("fault").textContent = errorText(problem)));
  if (!mail) return;
  byId("mail-subject").textContent = mail.subject;
  byId("mail-to").textContent = `${mail.to} · ${dayTime(mail.received_at)}`;
  showMail(byId("mail-html"), mail.html ?? "");
  byId("mail-text").textContent = mail.text ?? "";
  showAs(!mail.html);
  byId("mail").hidden = false;
}

function showAs(text) {
  byId("mail-text").hidden = !text;
  byId("mail-html").hidden = text;
  byId("as-text").setAttribute("aria-pressed", text);
}
