//! HTML: the frame of our own document pages, and text made safe for it.

use axum::{
    http::header,
    response::{Html, IntoResponse},
};

/// The shop's own icon; without it the browser asks for one where there is none.
pub const ICON: &str = "<link rel=\"icon\" href=\"/static/img/favicon.svg\" type=\"image/svg+xml\">";

/// Text between tags or in a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// Text whose `names` are set as code.
pub fn marked(text: &str) -> String {
    let part =
        |(n, part): (usize, &str)| if n % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) };
    text.split('`').enumerate().map(part).collect()
}

/// Attributes of what may be wider than a phone and then scrolls: the keyboard reaches it, and it has a name.
pub fn scrolls(label: &str) -> String {
    // No region: a page full of landmarks leads nowhere.
    format!("tabindex=\"0\" role=\"group\" aria-label=\"{}\"", escape(label))
}

/// A whole page; `body` is HTML already.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} · Miaosha</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         {ICON}\n<link rel=\"stylesheet\" href=\"/docs/assets/docs.css\">\n</head>\n<body>\n\
         <header><a href=\"/docs\">API documents</a></header>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
        title = escape(title),
    )
}

/// A page that changes with the binary alone.
pub fn answer(page: String) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, super::CACHE)], Html(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
        assert!(page("<script>", "").contains("<h1>&lt;script&gt;</h1>"));
    }
}
