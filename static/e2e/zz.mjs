import { launch } from "./browser.js";
const [,, out, w, ...names] = process.argv;
const b = await launch(); const p = await b.newPage({viewport:{width: 1600, height: 900}});
const html = `<body style="margin:4px;background:#888;display:flex;flex-wrap:wrap;gap:6px;align-items:flex-start">`+names.map(n=>`<figure style="margin:0"><figcaption style="font:12px monospace">${n}</figcaption><img width=${w} src="file:///tmp/shots/${n}.png" style="max-height:1500px;object-fit:cover;object-position:top"></figure>`).join("");
const fs = await import("node:fs"); fs.writeFileSync("/tmp/sheets/x.html", html);
await p.goto("file:///tmp/sheets/x.html"); await p.waitForLoadState("load");
await p.screenshot({path:`/tmp/sheets/${out}.png`, fullPage:true}); await b.close();
