//! Checks: every figure of a plan against its bounds, all wrong ones named at once.

use sale::{claim::QUANTITY_MAX, money::PRICE_MAX_MINOR, sale::Question};
use std::ops::RangeInclusive;

use super::plan_body::{PlanBody, PlanItem, ProductBody};
use crate::{refusal::FieldError, sale_body::Money};

pub const TITLE_CHARS: RangeInclusive<usize> = 1..=120;
const ITEMS: RangeInclusive<usize> = 1..=20;
const NAME_CHARS: RangeInclusive<usize> = 1..=120;
const DESCRIPTION_CHARS: RangeInclusive<usize> = 0..=2000;
const IMAGE_URL_CHARS: RangeInclusive<usize> = 0..=500;
const ALLOTMENT: RangeInclusive<u32> = 1..=journal::staff::ALLOTMENT_MAX;
const PURCHASE_LIMIT: RangeInclusive<u32> = 1..=QUANTITY_MAX;
const HOLD_S: RangeInclusive<u32> = 2..=86_400;
const STANDBY_LIMIT: RangeInclusive<u32> = 0..=2_000_000;
const PRICE_MINOR: RangeInclusive<i64> = 1..=PRICE_MAX_MINOR;
const QUESTION_CHARS: RangeInclusive<usize> = 1..=300;
const OPTION_CHARS: RangeInclusive<usize> = 1..=100;
const OPTIONS: RangeInclusive<usize> = 2..=10;

/// What is wrong so far.
#[derive(Default)]
pub struct Findings(pub Vec<FieldError>);

impl Findings {
    pub fn note(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), why: why.into() });
    }

    fn within<T: PartialOrd + std::fmt::Display>(&mut self, field: String, n: T, bounds: &RangeInclusive<T>) {
        if !bounds.contains(&n) {
            self.note(field, format!("must be {} to {}", bounds.start(), bounds.end()));
        }
    }

    /// A text of so many characters, on one line where `one_line` says so.
    pub fn text(&mut self, field: impl Into<String>, text: &str, bounds: &RangeInclusive<usize>, one_line: bool) {
        let (field, chars) = (field.into(), text.trim().chars().count());
        if !bounds.contains(&chars) {
            self.note(field, format!("must have {} to {} characters", bounds.start(), bounds.end()));
        } else if text.chars().any(|c| c.is_control() && (one_line || !matches!(c, '\n' | '\r' | '\t'))) {
            self.note(field, "must be plain text");
        }
    }
}

pub fn plan(plan: &PlanBody) -> Vec<FieldError> {
    let mut findings = Findings::default();
    findings.text("title", &plan.title, &TITLE_CHARS, true);
    if !ITEMS.contains(&plan.items.len()) {
        findings.note("items", format!("must be {} to {}", ITEMS.start(), ITEMS.end()));
    }
    for (at, wish) in plan.items.iter().take(*ITEMS.end()).enumerate() {
        item(&mut findings, &format!("items[{at}]"), wish);
    }
    findings.0
}

fn item(findings: &mut Findings, at: &str, item: &PlanItem) {
    let field = |name: &str| format!("{at}.{name}");
    match (&item.product, item.product_id) {
        (Some(wish), None) => product(findings, &field("product"), wish),
        (None, Some(_)) => {}
        _ => findings.note(at, "must have either product or product_id"),
    }
    price(findings, &field("price"), &item.price);
    if let Some(list) = &item.list_price {
        price(findings, &field("list_price"), list);
        if list.currency != item.price.currency {
            findings.note(field("list_price"), "must be in the currency of price");
        }
    }
    findings.within(field("allotment"), item.allotment, &ALLOTMENT);
    findings.within(field("purchase_limit"), item.purchase_limit, &PURCHASE_LIMIT);
    if item.purchase_limit > item.allotment {
        findings.note(field("purchase_limit"), "must be within the allotment");
    }
    findings.within(field("hold_s"), item.hold_s, &HOLD_S);
    findings.within(field("standby_limit"), item.standby_limit(), &STANDBY_LIMIT);
    if let Some(asked) = &item.question {
        question(findings, &field("question"), asked);
    }
}

fn product(findings: &mut Findings, at: &str, product: &ProductBody) {
    findings.text(format!("{at}.name"), &product.name, &NAME_CHARS, true);
    findings.text(format!("{at}.description"), &product.description, &DESCRIPTION_CHARS, false);
    findings.text(format!("{at}.image_url"), &product.image_url, &IMAGE_URL_CHARS, true);
    // Pages put it into an image tag: only what can be a picture of ours or of a web server.
    let url = product.image_url.trim();
    let ours = url.starts_with('/') && !url.starts_with("//");
    if !(url.is_empty() || ours || url.starts_with("https://") || url.starts_with("http://")) {
        findings.note(format!("{at}.image_url"), "must be an http(s) address or a path of this server");
    }
}

fn price(findings: &mut Findings, at: &str, price: &Money) {
    findings.within(format!("{at}.amount_minor"), price.amount_minor, &PRICE_MINOR);
}

fn question(findings: &mut Findings, at: &str, question: &Question) {
    findings.text(format!("{at}.text"), &question.text, &QUESTION_CHARS, true);
    if !OPTIONS.contains(&question.options.len()) {
        findings.note(format!("{at}.options"), format!("must be {} to {}", OPTIONS.start(), OPTIONS.end()));
    }
    for (n, option) in question.options.iter().take(*OPTIONS.end()).enumerate() {
        findings.text(format!("{at}.options[{n}]"), option, &OPTION_CHARS, true);
    }
    // Two options that are read as the same answer would both be right.
    match question.options.iter().filter(|option| question.accepts(Some(option))).count() {
        0 => findings.note(format!("{at}.answer"), "must be one of the options"),
        1 => {}
        _ => findings.note(format!("{at}.options"), "must differ from one another"),
    }
}
