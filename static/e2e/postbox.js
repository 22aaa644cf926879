// The mailbox of a full stack: the page that the one process serves, over the letters that the mail sink took in.

import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PAGE = fileURLToPath(new URL("../pages/mailbox.html", import.meta.url));
const LETTERS_MAX = 200;

export class Postbox {
  constructor(folder, url) {
    this.folder = folder;
    this.url = url;
  }

  /** Answers `/mailbox` and `/dev/mail` in this browser alone: no stack shows everybody's mail to the street. */
  async furnish(context) {
    await context.route((url) => url.pathname === "/mailbox", async (route) => {
      // Under the same content policy as every other page.
      const policy = (await fetch(this.url)).headers.get("content-security-policy");
      const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
      await route.fulfill({ status: 200, headers, body: await readFile(PAGE, "utf8") });
    });
    await context.route((url) => url.pathname === "/dev/mail", async (route) => {
      await route.fulfill({ json: { items: await this.#letters(), next: null } });
    });
    await context.route((url) => url.pathname.startsWith("/dev/mail/"), async (route) => {
      const id = new URL(route.request().url()).pathname.split("/").at(-1);
      const letter = (await this.#letters()).find((letter) => letter.id === id);
      await (letter ? route.fulfill({ json: letter }) : route.fulfill({ status: 404, json: { code: "not_found" } }));
    });
  }

  /** The newest first. */
  async #letters() {
    const files = (await readdir(this.folder)).filter((file) => file.endsWith(".eml"));
    files.sort((a, b) => Number.parseInt(b) - Number.parseInt(a));
    const letters = await Promise.all(files.slice(0, LETTERS_MAX).map((file) => this.#letter(join(this.folder, file))));
    return letters.filter(({ id }) => id);
  }

  async #letter(path) {
    const [source, { mtime }] = await Promise.all([readFile(path, "latin1"), stat(path)]);
    const { head, body } = entity(source);
    const parts = flat(head, body);
    const of = (type) => parts.find((part) => part.type.startsWith(type))?.text ?? "";
    const id = head.get("message-id")?.match(/^<([^@>]+)@/)?.[1];
    const to = head.get("to")?.match(/<(.+)>/)?.[1] ?? head.get("to");
    return { id, to, subject: words(head.get("subject") ?? ""), received_at: mtime.toISOString(), text: of("text/plain"), html: of("text/html") };
  }
}

/** Head and body of a message or of one part of it. */
function entity(source) {
  const end = source.indexOf("\r\n\r\n");
  const lines = source.slice(0, end).replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const head = new Map(lines.map((line) => [line.split(":")[0].toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  return { head, body: source.slice(end + 4) };
}

/** The parts that hold text, however deep. */
function flat(head, body) {
  const type = head.get("content-type") ?? "text/plain";
  const boundary = type.match(/boundary="?([^";]+)"?/)?.[1];
  if (!boundary) return [{ type, text: decoded(body, head.get("content-transfer-encoding") ?? "7bit").toString("utf8") }];
  const parts = body.split(`--${boundary}`).slice(1, -1).map((part) => entity(part.replace(/^\r\n/, "")));
  return parts.flatMap((part) => flat(part.head, part.body));
}

function decoded(text, encoding) {
  if (encoding.toLowerCase() === "base64") return Buffer.from(text, "base64");
  if (encoding.toLowerCase() !== "quoted-printable") return Buffer.from(text, "latin1");
  const plain = text.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(plain, "latin1");
}

/** `=?utf-8?b?...?=` as people read it. */
function words(text) {
  const joined = text.replace(/\?=\s+=\?/g, "?==?");
  return joined.replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, how, code) =>
    decoded(how.toLowerCase() === "b" ? code : code.replace(/_/g, " "), how.toLowerCase() === "b" ? "base64" : "quoted-printable").toString("utf8"));
}
