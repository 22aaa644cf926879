// How does a mail look, without letting it do anything?

/**
 * Shows the HTML of a mail in its frame. The frame may not run scripts, submit forms or open anything.
 * Mails style themselves inline, which our policy refuses; so the styles are taken out and set from here.
 */
export function showMail(frame, html) {
  // Renamed in the text already: a parser would complain about each style before it could be taken out.
  const quiet = html.replace(/\sstyle=/gi, " data-style=").replace(/<(\/?)style\b/gi, "<$1template");
  const mail = new DOMParser().parseFromString(quiet, "text/html");
  for (const el of mail.querySelectorAll("script, link, meta, base, iframe, object")) el.remove();
  const sheets = [...mail.querySelectorAll("template")].map((el) => (el.remove(), el.content.textContent));
  frame.onload = () => dress(frame.contentDocument, sheets);
  frame.srcdoc = mail.documentElement.outerHTML;
}

function dress(page, sheets) {
  for (const el of page.querySelectorAll("[data-style]")) el.style.cssText = el.dataset.style;
  page.adoptedStyleSheets = sheets.map((text) => {
    const sheet = new page.defaultView.CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
}
