//! PromQL: which numbers an expression asks for, and with which labels. `promtool` judges the rest.

/// One selector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    pub name: String,
    /// Labels that it is chosen by.
    pub labels: Vec<String>,
    /// Labels that must have one of these values.
    pub values: Vec<(String, String)>,
}

/// Words between selectors that name nothing.
const WORDS: [&str; 6] = ["and", "or", "unless", "bool", "offset", "inf"];
/// Words before a list of labels.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The selectors of an expression, in order.
pub fn numbers(expression: &str) -> Vec<Number> {
    let mut rest = expression;
    let mut numbers: Vec<Number> = vec![];
    while let Some(first) = rest.chars().next() {
        match first {
            '"' | '\'' => rest = after_text(rest, first),
            '[' => rest = after(rest, ']'),
            '{' => {
                let inside = up_to(rest, '}');
                if let Some(number) = numbers.last_mut() {
                    matchers(&inside[1..], number);
                }
                rest = &rest[inside.len()..];
                rest = rest.strip_prefix('}').unwrap_or(rest);
            }
            _ if is_start(first) => {
                let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
                let word = &rest[..end];
                rest = rest[end..].trim_start();
                if BEFORE_LABELS.contains(&word) {
                    rest = if rest.starts_with('(') { after(rest, ')') } else { rest };
                } else if !is_called(rest) && !WORDS.contains(&word.to_lowercase().as_str()) {
                    numbers.push(Number { name: word.to_owned(), ..Number::default() });
                }
            }
            // A figure, with whatever unit hangs on it.
            _ if first.is_ascii_digit() => {
                rest = &rest[rest.find(|c: char| !(is_part(c) || c == '.')).unwrap_or(rest.len())..];
            }
            _ => rest = &rest[first.len_utf8()..],
        }
    }
    numbers
}

/// Whether what stands before this is a function: `rate(..)`, `sum by (le) (..)`.
fn is_called(rest: &str) -> bool {
    rest.starts_with('(') || matches!(up_to(rest, '(').trim(), "by" | "without")
}

fn matchers(text: &str, number: &mut Number) {
    let mut rest = text;
    while let Some(start) = rest.find(is_start) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let label = rest[..end].to_owned();
        let Some(quote) = rest.find('"') else { return };
        let operator = rest[end..quote].trim();
        let value = up_to(&rest[quote + 1..], '"').to_owned();
        rest = after_text(&rest[quote..], '"');
        match operator {
            "=" => number.values.push((label.clone(), value)),
            "=~" if value.split('|').all(|word| word.chars().all(is_part)) => {
                number.values.extend(value.split('|').map(|word| (label.clone(), word.to_owned())));
            }
            _ => {}
        }
        number.labels.push(label);
    }
}

fn is_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

fn is_part(c: char) -> bool {
    is_start(c) || c.is_ascii_digit()
}

fn up_to(text: &str, end: char) -> &str {
    &text[..text.find(end).unwrap_or(text.len())]
}

fn after(text: &str, end: char) -> &str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

fn after_text(text: &str, quote: char) -> &str {
    after(&text[quote.len_utf8()..], quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expression: &str) -> Vec<String> {
        numbers(expression).into_iter().map(|number| number.name).collect()
    }

    #[test]
    fn only_selectors_are_numbers() {
        assert_eq!(
            names("sum by (le, why) (rate(a_total[5m])) / on (x) group_left() b:c:d > 0.5e3"),
            ["a_total", "b:c:d"]
        );
        assert_eq!(names("histogram_quantile(0.99, sum by (le) (rate(x_bucket{r=\"a b\"}[1m])))"), ["x_bucket"]);
        assert_eq!(names("max(a) > 0 and sum(increase(b_total[30s])) == 0 unless absent(c)"), ["a", "b_total", "c"]);
        assert_eq!(names("count(up == 0) or vector(0)"), ["up"]);
    }

    #[test]
    fn labels_and_their_values_belong_to_the_number_before_them() {
        let found = numbers("a{why=\"x\", code=~\"y|z\", route!=\"q\", status=~\"5..\"} - b");
        assert_eq!(found[0].labels, ["why", "code", "route", "status"]);
        let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
        assert_eq!(found[0].values, [pair("why", "x"), pair("code", "y"), pair("code", "z")]);
        assert_eq!(found[1].labels.len(), 0);
    }
}
