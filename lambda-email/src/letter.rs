//! The letter: what a buyer reads after paying, as text and as HTML, in their language.

use askama::Template;
use sale::port::mail::{Mail, MailJob};

use crate::price::price;

/// The longest that one line of a buyer's own words may be in a letter.
const LINE_MAX_CHARS: usize = 400;

/// What every template may name. All of it is one line without control characters; HTML templates escape it.
struct Words {
    name: String,
    number: String,
    product: String,
    quantity: u32,
    total: String,
    ship_to: String,
}

macro_rules! letters {
    ($($name:ident = $path:literal),+ $(,)?) => {$(
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> { w: &'a Words }
    )+};
}
letters! {
    EnglishText = "order.en.txt",
    EnglishHtml = "order.en.html",
    ChineseText = "order.zh-TW.txt",
    ChineseHtml = "order.zh-TW.html",
}

/// Writes the letter of an order. A language that nobody here speaks is answered in English.
pub fn render(job: &MailJob) -> Result<Mail, askama::Error> {
    let words = Words::of(job);
    let w = &words;
    let (subject, text, html) = match job.language.as_str() {
        "zh-TW" | "zh" => {
            (format!("秒殺搶購通知：訂單 {}", w.number), ChineseText { w }.render()?, ChineseHtml { w }.render()?)
        }
        _ => (format!("It is yours: order {}", w.number), EnglishText { w }.render()?, EnglishHtml { w }.render()?),
    };
    Ok(Mail { order_id: job.order_id, to: job.to.clone(), subject, text, html })
}

impl Words {
    fn of(job: &MailJob) -> Self {
        Self {
            name: line(&job.name),
            number: line(&job.number),
            product: line(&job.product_name),
            quantity: job.quantity,
            total: price(job.total),
            ship_to: line(&job.ship_to),
        }
    }
}

/// One line: nobody's name may end a paragraph and begin one of its own, nor turn the reading direction.
fn line(text: &str) -> String {
    let steers = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    let plain: String = text.chars().map(|c| if c.is_control() || steers(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LINE_MAX_CHARS).collect()
}
