//! Every number is described where all of them are, every description is of a number that is counted, and the manual has them all.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use kit::telemetry::names::{Kind, METRICS, Metric, Room, table};
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// One use of a counting macro in the source.
struct Use {
    file: String,
    kind: Kind,
    name: String,
    /// The rest of its arguments.
    labels: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("target" | "node_modules" | "tests" | ".git") => {}
            _ if path.is_dir() => sources(&path, found),
            Some(name) if name.ends_with(".rs") && name != "tests.rs" => found.push(path),
            _ => {}
        }
    }
}

fn uses() -> Vec<Use> {
    let (root, mut files, mut uses) = (root(), vec![], vec![]);
    sources(&root, &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let file = file.strip_prefix(&root).unwrap().display().to_string();
        // The list itself counts by the names that it has.
        if file.ends_with("telemetry/names.rs") {
            continue;
        }
        for (macro_name, kind) in [("counter", Kind::Counter), ("gauge", Kind::Gauge), ("histogram", Kind::Histogram)] {
            for call in text.split(&format!("metrics::{macro_name}!(")).skip(1) {
                let name = call.trim_start().strip_prefix('"');
                let name = name.unwrap_or_else(|| panic!("{file}: a number's name must be plain text")).to_owned();
                let (name, rest) = name.split_once('"').unwrap();
                uses.push(Use { file: file.clone(), kind, name: name.to_owned(), labels: arguments(rest) });
            }
        }
    }
    uses
}

/// Up to the bracket that closes the call.
fn arguments(text: &str) -> String {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    text[..end.unwrap_or(text.len())].to_owned()
}

fn room(file: &str) -> Option<Room> {
    let rooms = [
        ("crates/kit/", Room::Kit),
        ("publisher/", Room::Publisher),
        ("consumer/", Room::Consumer),
        ("general/", Room::General),
        ("crates/journal/", Room::Journal),
        ("crates/embedded/", Room::Embedded),
        ("crates/cluster/", Room::Cluster),
    ];
    rooms.into_iter().find(|(folder, _)| file.starts_with(folder)).map(|(_, room)| room)
}

fn described(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

#[test]
fn every_number_that_is_counted_is_described_as_it_is() {
    let mut wrong = vec![];
    for Use { file, kind, name, labels } in uses() {
        let Some(metric) = described(&name) else {
            wrong.push(format!("{file}: {name} is not in crates/kit/src/telemetry/names.rs"));
            continue;
        };
        if metric.kind != kind {
            wrong.push(format!("{file}: {name} is counted as a {kind:?}"));
        }
        if room(&file).is_none_or(|room| !metric.rooms.contains(&room)) {
            wrong.push(format!("{file}: {name} is not said to be counted here"));
        }
        wrong.extend(wrong_labels(metric, &labels).map(|why| format!("{file}: {name}: {why}")));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What is wrong with the labels that a call writes out.
fn wrong_labels(metric: &Metric, arguments: &str) -> Option<String> {
    // Built elsewhere: what is really exported is compared by `cargo xtask`.
    if arguments.contains("&labels") {
        return None;
    }
    let pairs: Vec<(&str, &str)> = arguments
        .split("\" => ")
        .collect::<Vec<_>>()
        .windows(2)
        .filter_map(|pair| Some((pair[0].rsplit('"').next()?, pair[1])))
        .collect();
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
    let known: Vec<&str> = metric.labels.iter().map(|(key, _)| *key).collect();
    if keys != known {
        return Some(format!("its labels here are {keys:?} and described are {known:?}"));
    }
    pairs.iter().zip(metric.labels).find_map(|((key, value), (_, values))| {
        let value = value.trim_start().strip_prefix('"')?.split('"').next()?;
        (!values.is_empty() && !values.contains(&value)).then(|| format!("{key}={value} is no value that is described"))
    })
}

#[test]
fn every_number_that_is_described_is_counted() {
    let counted: HashSet<(String, Option<String>)> =
        uses().into_iter().map(|used| (used.name, room(&used.file).map(|room| format!("{room:?}")))).collect();
    for metric in METRICS {
        for room in metric.rooms {
            let here = (metric.name.to_owned(), Some(format!("{room:?}")));
            assert!(counted.contains(&here), "{} is described, and not counted by {room:?}", metric.name);
        }
    }
}

#[test]
fn names_are_alike() {
    let mut seen = HashSet::new();
    for Metric { name, kind, labels, meaning, .. } in METRICS {
        assert!(seen.insert(name), "{name} is described twice");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
        assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}: what only grows ends with _total");
        if *kind == Kind::Histogram {
            let bucketed = ["_seconds", "_commands", "_rows"].iter().any(|unit| name.ends_with(unit));
            assert!(bucketed, "{name}: no buckets are set for this unit");
        }
        if let Some(stem) = name.strip_suffix("_max") {
            assert!(described(stem).is_some(), "{name} is the bound of nothing");
        }
        assert!(!meaning.is_empty() && !meaning.contains('|'), "{name}");
        let ids = ["id", "user", "buyer", "claim", "sale", "item", "order", "address", "mail", "path", "token"];
        assert!(labels.iter().all(|(key, _)| !ids.contains(key)), "{name}: an id makes series without end");
    }
}

#[test]
fn the_manual_has_the_list_as_it_is() {
    const BEGIN: &str = "<!-- the list, written by `MIAOSHA_WRITE=1 cargo test -p kit --test metrics` -->\n";
    let file = root().join("infra/observe/README.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, after) = text.split_once(BEGIN).expect("the list's place");
    // Nothing stands behind the list.
    let whole = format!("{before}{BEGIN}{}", table());
    if std::env::var_os("MIAOSHA_WRITE").is_some() {
        fs::write(&file, whole).unwrap();
    } else {
        assert!(
            after == table(),
            "infra/observe/README.md is behind: MIAOSHA_WRITE=1 cargo test -p kit --test metrics"
        );
    }
}
