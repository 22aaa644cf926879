//! The marks: what was broken, when, and when it was whole again; written by whoever breaks things while we play.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::Context;
use sale::{
    time::UnixMs,
    verdict::observe::{Fault, FaultKind},
};
use serde::Deserialize;

/// One line of the file of marks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum Mark {
    /// Fault number `n` begins.
    Fault {
        n: u32,
        at: UnixMs,
        what: String,
        kind: FaultKind,
        /// A claim made after it must be decided within so long.
        back_within_ms: i64,
        /// Counted from the healing, not from the fault.
        #[serde(default)]
        from_healing: bool,
        /// Until it is healed whoever claims by HTTP is answered within so long.
        #[serde(default)]
        answers_within_ms: Option<i64>,
    },
    /// What fault `n` broke runs again.
    Healed { n: u32, at: UnixMs },
    /// Something that had to be seen, as a refused write of a zombie; named in the report.
    Seen { at: UnixMs, what: String },
    /// Something that had to be seen and was not: the run has failed.
    Wrong { at: UnixMs, what: String },
    /// No more faults come.
    Over { at: UnixMs },
}

/// All marks so far; a last line without its end is still being written.
pub fn read(file: &Path) -> anyhow::Result<Vec<Mark>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        text => text.with_context(|| format!("cannot read {}", file.display()))?,
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let marks = whole.lines().map(|line| serde_json::from_str(line).with_context(|| format!("the mark {line}")));
    marks.collect()
}

pub fn are_over(marks: &[Mark]) -> bool {
    marks.iter().any(|mark| matches!(mark, Mark::Over { .. }))
}

/// One fault from its beginning to its healing; one that nobody healed lasts until `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub n: u32,
    pub what: String,
    pub kind: FaultKind,
    pub from: UnixMs,
    pub healed_at: UnixMs,
    /// A claim that went out at this instant or later ...
    pub counted_from: UnixMs,
    /// ... must be decided so long after it.
    pub back_within_ms: i64,
    /// Until it was healed whoever claimed by HTTP had to be answered within so long.
    pub answers_within_ms: Option<i64>,
}

impl Span {
    /// As the verdict wants to know it.
    pub fn fault(&self) -> Fault {
        Fault { from: self.from, healed_at: self.healed_at, kind: self.kind }
    }
}

pub fn spans(marks: &[Mark], end: UnixMs) -> Vec<Span> {
    let healed = |wanted| {
        let found = marks.iter().find_map(|mark| match mark {
            Mark::Healed { n, at } if *n == wanted => Some(*at),
            _ => None,
        });
        found.unwrap_or(end)
    };
    let span = |mark: &Mark| match mark.clone() {
        Mark::Fault { n, at, what, kind, back_within_ms, from_healing, answers_within_ms } => {
            let healed_at = healed(n);
            let counted_from = if from_healing { healed_at } else { at };
            Some(Span { n, what, kind, from: at, healed_at, counted_from, back_within_ms, answers_within_ms })
        }
        _ => None,
    };
    marks.iter().filter_map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_lasts_until_its_own_healing() {
        let lines = r#"{"mark":"fault","n":1,"at":10,"what":"kill -9 consumer-1","kind":"death","back_within_ms":5000}
{"mark":"fault","n":2,"at":12,"what":"redis flushed","kind":"other","back_within_ms":30000,"from_healing":true}
{"mark":"healed","n":2,"at":13}
{"mark":"healed","n":1,"at":20}
{"mark":"over","at":30}
{"mark":"heal"#;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("marks.jsonl");
        assert!(read(&file).unwrap().is_empty());
        fs::write(&file, lines).unwrap();
        let marks = read(&file).unwrap();
        assert!(are_over(&marks));
        let spans = spans(&marks, UnixMs(99));
        assert_eq!((spans[0].from, spans[0].healed_at, spans[0].counted_from), (UnixMs(10), UnixMs(20), UnixMs(10)));
        assert_eq!((spans[1].healed_at, spans[1].counted_from), (UnixMs(13), UnixMs(13)));
    }
}
