// The budget: what a first visitor loads for the first page and for a sale stays under 30 KB, each file by itself compressed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("../", import.meta.url));
const BUDGET_BYTES = 30 * 1024;
const text = (file) => readFileSync(join(root, file), "utf8");
const weight = (file) => gzipSync(text(file), { level: 9 }).length;

for (const [page, words] of [["home", "home"], ["sale", "sale"]]) {
  for (const language of ["en", "zh-TW"]) {
    test(`the_${page}_page_in_${language}_is_light`, () => {
      const files = [...loadedBy(`pages/${page}.html`), `js/i18n/${language}.js`, `js/i18n/${language}.${words}.js`];
      const bytes = files.reduce((sum, file) => sum + weight(file), 0);
      assert.ok(bytes <= BUDGET_BYTES, `${bytes} bytes in ${files.length} files`);
    });
  }
}

/** The page, its styles, and every module that it imports without waiting for something. */
function loadedBy(page) {
  const seen = new Set([page]);
  const todo = [...text(page).matchAll(/(?:src|href)="\/static\/((?:js|css)\/[^"]+)"/g)].map((m) => m[1]);
  while (todo.length) {
    const file = todo.pop();
    if (seen.has(file)) continue;
    seen.add(file);
    for (const m of text(file).matchAll(/^(?:import|export)[^;]*? from "(\.[^"]+)"/gm)) todo.push(join(dirname(file), m[1]));
  }
  return seen;
}
