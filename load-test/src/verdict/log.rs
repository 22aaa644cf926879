//! The logs: lines in which something private stands.

use std::{
    collections::HashSet,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::Context;
use sale::verdict::Record;

/// Leaks beyond so many are the same leak.
const LEAKS_MAX: usize = 50;
/// Every token of ours begins like this: `{"` in base64.
const TOKEN_START: &str = "eyJ";
const TOKEN_MIN_CHARS: usize = 40;

/// Names the lines that show a buyer's address or a token, without quoting them.
pub fn leaks(logs: &[PathBuf], record: &Record) -> anyhow::Result<Vec<String>> {
    let addresses: HashSet<&str> = record.orders.iter().map(|order| order.mail_to.as_str()).collect();
    let mut found = vec![];
    for log in logs {
        search(log, &addresses, &mut found).with_context(|| format!("cannot read the log {}", log.display()))?;
    }
    Ok(found)
}

fn search(log: &Path, addresses: &HashSet<&str>, found: &mut Vec<String>) -> std::io::Result<()> {
    let mut lines = BufReader::new(File::open(log)?).split(b'\n').enumerate();
    while let Some((n, line)) = lines.next().filter(|_| found.len() < LEAKS_MAX) {
        if let Some(what) = private(&String::from_utf8_lossy(&line?), addresses) {
            found.push(format!("{what} in line {} of {}", n + 1, log.display()));
        }
    }
    Ok(())
}

fn private(line: &str, addresses: &HashSet<&str>) -> Option<&'static str> {
    let mut words = line.split(|c: char| !(c.is_alphanumeric() || "@._-+".contains(c))).filter(|word| !word.is_empty());
    words.find_map(|word| {
        let token = word.starts_with(TOKEN_START) && word.len() >= TOKEN_MIN_CHARS;
        let address = word.contains('@') && addresses.contains(word);
        if token { Some("a token") } else { address.then_some("an address") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_tokens_are_found_inside_other_text() {
        let addresses = HashSet::from(["ann@buyers.test"]);
        assert_eq!(private(r#"to="<ann@buyers.test>" sent"#, &addresses), Some("an address"));
        assert_eq!(private(&format!("pass=eyJ{}", "a".repeat(60)), &addresses), Some("a token"));
        assert_eq!(private("claim decided item=eyJ shop@store.test", &addresses), None);
    }
}
