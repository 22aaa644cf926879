//! Many at once: one statement for many rows or many keys. In few shapes, so that the server keeps them prepared.

use super::Value;

/// The most rows or keys of one statement; each shape is a power of two up to this.
const MANY_MAX: usize = 64;

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
    pub fn statements(self) -> Vec<(String, Vec<Value>)> {
        let mut rest = self.values;
        let mut statements = vec![];
        while !rest.is_empty() {
            let rows = shape_within(rest.len() / self.width);
            let after = rest.split_off(rows * self.width);
            statements.push((rows_of(self.sql, self.width, rows), rest));
            rest = after;
        }
        statements
    }
}

/// Statements that ask for all of these keys; `sql` has `args`, then one placeholder more, which stands for a key.
pub fn asks(sql: &str, args: &[Value], keys: &[Value]) -> Vec<(String, Vec<Value>)> {
    keys.chunks(MANY_MAX)
        .map(|chunk| {
            let len = chunk.len().next_power_of_two();
            // A key that stands there twice is found once.
            let filled = chunk.iter().chain(std::iter::repeat(&chunk[chunk.len() - 1])).take(len);
            (list_of(sql, args.len() + 1, len), args.iter().chain(filled).cloned().collect())
        })
        .collect()
}

/// The largest shape that is not too large.
fn shape_within(rows: usize) -> usize {
    1 << rows.clamp(1, MANY_MAX).ilog2()
}

/// `… VALUES ($1, $2)` with so many rows.
fn rows_of(sql: &str, width: usize, rows: usize) -> String {
    let at = sql.rfind('(').unwrap_or(sql.len());
    let (head, row) = sql.trim_end().split_at(at);
    let rows: Vec<String> = (0..rows).map(|n| later_by(row, n * width)).collect();
    head.to_owned() + &rows.join(", ")
}

/// `… IN ($n)` with so many keys; `$n` is the last placeholder.
fn list_of(sql: &str, n: usize, len: usize) -> String {
    let keys: Vec<String> = (n..n + len).map(|n| format!("${n}")).collect();
    sql.replace(&format!("${n}"), &keys.join(", "))
}

/// The same text with every placeholder's number so much higher.
fn later_by(text: &str, by: usize) -> String {
    let mut parts = text.split('$');
    let mut moved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..end].parse().unwrap_or_default();
        moved += &format!("${}{}", number + by, &part[end..]);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(statements: Vec<(String, Vec<Value>)>) -> Vec<(String, usize)> {
        statements.into_iter().map(|(sql, values)| (sql, values.len())).collect()
    }

    #[test]
    fn rows_go_out_in_the_largest_shapes_that_they_fill() {
        let row = || vec![Value::from(1_i64), Value::from(2_i64)];
        let mut inserts = Inserts::new("INSERT INTO t (a, b, c)\nVALUES ($1, 7, $2)\n", row());
        inserts.add(row());
        inserts.add(row());
        let told = texts(inserts.statements());
        let two = "INSERT INTO t (a, b, c)\nVALUES ($1, 7, $2), ($3, 7, $4)".to_owned();
        assert_eq!(told, [(two, 4), ("INSERT INTO t (a, b, c)\nVALUES ($1, 7, $2)".to_owned(), 2)]);
        let mut many = Inserts::new("INSERT INTO t (a)\nVALUES ($1)", vec![Value::from(1_i64)]);
        (1..200).for_each(|n| many.add(vec![Value::from(i64::from(n))]));
        assert_eq!(texts(many.statements()).iter().map(|(_, n)| *n).collect::<Vec<_>>(), [64, 64, 64, 8]);
    }

    #[test]
    fn keys_are_asked_for_in_shapes_of_their_own() {
        let keys = [1_i64, 2, 3].map(Value::from);
        let asked = asks("SELECT a FROM t WHERE b = $1 AND c IN ($2)", &[Value::from(9_i64)], &keys);
        assert_eq!(texts(asked), [("SELECT a FROM t WHERE b = $1 AND c IN ($2, $3, $4, $5)".to_owned(), 5)]);
        assert!(asks("SELECT a FROM t WHERE c IN ($1)", &[], &[]).is_empty());
    }
}
