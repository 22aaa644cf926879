//! Many at once: one statement for many rows or many keys. In few shapes, so that the server keeps them prepared.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use super::Value;

/// The most rows or keys of one statement; each shape is a power of two up to this.
const MANY_MAX: usize = 128;

/// How a database likes its placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholders {
    /// `$1, $2, …`
    Numbered,
    /// `?, ?, …`: SQLite looks up each numbered one by its name among all of them, which takes long for a thousand.
    Plain,
}

/// Inserts of one kind that have not been sent yet.
pub struct Inserts {
    pub sql: &'static str,
    width: usize,
    values: Vec<Value>,
}

impl Inserts {
    pub fn new(sql: &'static str, row: Vec<Value>) -> Self {
        Self { sql, width: row.len(), values: row }
    }

    pub fn add(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.width, "{}", self.sql);
        self.values.extend(row);
    }

    /// Statements that insert all of it, in order.
    pub fn statements(self, placeholders: Placeholders) -> Vec<(Arc<str>, Vec<Value>)> {
        let Self { sql, width, values: mut rest } = self;
        let mut statements = vec![];
        while !rest.is_empty() {
            let rows = shape_for(rest.len() / width);
            let after = rest.split_off(rest.len().min(rows * width));
            fill(&mut rest, width, rows);
            statements.push((text(sql, rows, placeholders, || rows_of(sql, width, rows)), rest));
            rest = after;
        }
        statements
    }
}

/// Statements that ask for all of these keys; `sql` has `args`, then one placeholder more, which stands for a key.
pub fn asks(
    sql: &'static str,
    args: &[Value],
    keys: &[Value],
    placeholders: Placeholders,
) -> Vec<(Arc<str>, Vec<Value>)> {
    keys.chunks(MANY_MAX)
        .map(|chunk| {
            let len = chunk.len().next_power_of_two();
            // A key that stands there twice is found once.
            let filled = chunk.iter().chain(std::iter::repeat(&chunk[chunk.len() - 1])).take(len);
            let text = text(sql, len, placeholders, || list_of(sql, args.len() + 1, len));
            (text, args.iter().chain(filled).cloned().collect())
        })
        .collect()
}

/// The smallest shape that has room for all rows, if they nearly fill it; else the one below, and the rest comes after it.
fn shape_for(rows: usize) -> usize {
    let rows = rows.clamp(1, MANY_MAX);
    let shape = rows.next_power_of_two();
    if shape - rows <= shape / 4 { shape } else { shape / 2 }
}

/// Rows that are none, up to the shape: the last one again, with nothing in its first column.
fn fill(values: &mut Vec<Value>, width: usize, rows: usize) {
    let missing = rows - values.len() / width;
    let mut none = values[values.len() - width..].to_vec();
    none[0] = none[0].absent();
    for _ in 0..missing {
        values.extend_from_slice(&none);
    }
}

/// The text of a shape, written down once: there are few statements, and few shapes of each.
fn text(sql: &'static str, shape: usize, placeholders: Placeholders, write: impl FnOnce() -> String) -> Arc<str> {
    type Texts = HashMap<(&'static str, usize, Placeholders), Arc<str>>;
    static TEXTS: LazyLock<Mutex<Texts>> = LazyLock::new(Mutex::default);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let text = texts.entry((sql, shape, placeholders)).or_insert_with(|| match placeholders {
        Placeholders::Numbered => write().into(),
        Placeholders::Plain => plain(write()).into(),
    });
    text.clone()
}

/// `… VALUES ($1, $2)` with so many rows, of which those do not count that have nothing in their first column.
fn rows_of(sql: &str, width: usize, rows: usize) -> String {
    let (head, row) = sql.trim_end().rsplit_once("VALUES ").unwrap_or((sql, ""));
    let rows: Vec<String> = (0..rows).map(|n| later_by(row, n * width)).collect();
    format!("{head}SELECT * FROM (VALUES {}) line WHERE column1 IS NOT NULL", rows.join(", "))
}

/// `… IN ($n)` with so many keys; `$n` is the last placeholder.
fn list_of(sql: &str, n: usize, len: usize) -> String {
    let keys: Vec<String> = (n..n + len).map(|n| format!("${n}")).collect();
    sql.replace(&format!("${n}"), &keys.join(", "))
}

/// The same text with every placeholder's number so much higher.
fn later_by(text: &str, by: usize) -> String {
    each_placeholder(text, |number| format!("${}", number + by))
}

/// The same text without numbers, where they only say what the order says.
fn plain(text: String) -> String {
    let mut numbers = vec![];
    let plain = each_placeholder(&text, |number| {
        numbers.push(number);
        "?".to_owned()
    });
    if numbers.iter().copied().eq(1..=numbers.len()) { plain } else { text }
}

fn each_placeholder(text: &str, mut written: impl FnMut(usize) -> String) -> String {
    let mut parts = text.split('$');
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        new += &written(part[..end].parse().unwrap_or_default());
        new += &part[end..];
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(statements: Vec<(Arc<str>, Vec<Value>)>) -> Vec<(String, usize)> {
        statements.into_iter().map(|(sql, values)| (sql.to_string(), values.len())).collect()
    }

    #[test]
    fn rows_go_out_in_the_shape_that_they_nearly_fill() {
        let row = || vec![Value::from(1_i64), Value::from(2_i64)];
        let insert = |placeholders| {
            let mut inserts = Inserts::new("INSERT INTO t (a, b, c)\nVALUES ($1, 7, $2)\n", row());
            inserts.add(row());
            inserts.statements(placeholders)
        };
        let two = |first: &str, second: &str| {
            format!(
                "INSERT INTO t (a, b, c)\nSELECT * FROM (VALUES ({first}), ({second})) line WHERE column1 IS NOT NULL"
            )
        };
        assert_eq!(texts(insert(Placeholders::Numbered)), [(two("$1, 7, $2", "$3, 7, $4"), 4)]);
        assert_eq!(texts(insert(Placeholders::Plain)), [(two("?, 7, ?", "?, 7, ?"), 4)]);
        let shapes = |rows| {
            let mut many = Inserts::new("INSERT INTO t (a)\nVALUES ($1)", vec![Value::from(1_i64)]);
            (1..rows).for_each(|n| many.add(vec![Value::from(i64::from(n))]));
            many.statements(Placeholders::Plain).iter().map(|(_, values)| values.len()).collect::<Vec<_>>()
        };
        assert_eq!([shapes(1), shapes(5), shapes(200)], [vec![1], vec![4, 1], vec![128, 64, 8]]);
    }

    #[test]
    fn a_row_that_only_fills_a_shape_has_nothing_in_its_first_column() {
        let mut inserts = Inserts::new("INSERT INTO t (a, b)\nVALUES ($1, $2)", vec![1_i64.into(), "x".into()]);
        (2..4_i64).for_each(|n| inserts.add(vec![n.into(), "x".into()]));
        let [(_, values)] = &inserts.statements(Placeholders::Numbered)[..] else { panic!("one statement") };
        assert!(matches!(&values[6..], [Value::Int(None), Value::Text(Some(_))]), "{values:?}");
    }

    #[test]
    fn keys_are_asked_for_in_shapes_of_their_own() {
        let keys = [1_i64, 2, 3].map(Value::from);
        let ask = |sql| texts(asks(sql, &[Value::from(9_i64)], &keys, Placeholders::Numbered));
        let asked = ask("SELECT a FROM t WHERE b = $1 AND c IN ($2)");
        assert_eq!(asked, [("SELECT a FROM t WHERE b = $1 AND c IN ($2, $3, $4, $5)".to_owned(), 5)]);
        assert!(asks("SELECT a FROM t WHERE c IN ($1)", &[], &[], Placeholders::Plain).is_empty());
    }

    #[test]
    fn numbers_stay_where_they_say_more_than_the_order() {
        assert_eq!(plain("a = $1 AND b IN ($2, $3)".into()), "a = ? AND b IN (?, ?)");
        assert_eq!(plain("a = $2 AND b = $1".into()), "a = $2 AND b = $1");
        assert_eq!(plain("a = $1 OR b = $1".into()), "a = $1 OR b = $1");
    }
}
