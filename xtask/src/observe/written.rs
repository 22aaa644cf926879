//! What is written: the list of numbers, what rules and pictures ask for, which alarms there are and how they are shown.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    FOLDER, folder,
    promql::{Number, numbers},
};

/// A line of the list in the README, which a test keeps equal to what the servers describe.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub kind: String,
    /// In order of their names.
    pub labels: Vec<String>,
    /// The values of those labels that have a set of their own.
    pub values: Vec<(String, Vec<String>)>,
    rooms: String,
}

impl Listed {
    pub fn only_cluster(&self) -> bool {
        self.rooms == "cluster"
    }

    /// Whether some label's values are others' words.
    pub fn has_open_label(&self) -> bool {
        self.values.len() < self.labels.len()
    }

    /// Whether a query's name means this number.
    pub fn is(&self, name: &str) -> bool {
        let part = name.strip_prefix(&self.name);
        part == Some("") || (self.kind == "histogram" && matches!(part, Some("_bucket" | "_sum" | "_count")))
    }
}

/// A number that somebody asks for, and where.
pub struct Asked {
    pub place: String,
    pub number: Number,
}

pub fn find<'a>(listed: &'a [Listed], name: &str) -> Option<&'a Listed> {
    listed.iter().find(|known| known.is(name))
}

pub fn listed() -> Result<Vec<Listed>> {
    let text = fs::read_to_string(folder("README.md"))?;
    let listed: Vec<Listed> = text.lines().filter_map(line).collect();
    ensure!(!listed.is_empty(), "there is no list in {FOLDER}/README.md");
    Ok(listed)
}

/// One row of the table: name, kind, unit, labels, who counts it, meaning.
fn line(row: &str) -> Option<Listed> {
    let cells: Vec<&str> = row.strip_prefix("| `")?.split('|').map(str::trim).collect();
    let [name, kind, _unit, labels, rooms, ..] = cells.as_slice() else { return None };
    let (mut keys, mut values) = (vec![], vec![]);
    for label in labels.split("; ").filter(|label| !label.is_empty()) {
        let (key, set) = label.split_once(": ").unwrap_or((label, ""));
        let key = key.trim_matches('`').to_owned();
        if !set.is_empty() {
            values.push((key.clone(), set.split(", ").map(str::to_owned).collect()));
        }
        keys.push(key);
    }
    keys.sort();
    let name = name.trim_end_matches('`').to_owned();
    Some(Listed { name, kind: (*kind).to_owned(), labels: keys, values, rooms: (*rooms).to_owned() })
}

/// Files of one kind in one of our folders, from the project's root.
pub fn files(name: &str, ending: &str) -> Result<Vec<String>> {
    let mut files = vec![];
    for entry in fs::read_dir(folder(name)).with_context(|| format!("{FOLDER}/{name}"))? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if file.ends_with(&format!(".{ending}")) {
            files.push(format!("{FOLDER}/{name}/{file}"));
        }
    }
    ensure!(!files.is_empty(), "{FOLDER}/{name} has no .{ending}");
    files.sort();
    Ok(files)
}

/// The values of a key in our YAML, which keeps each on one line of its own.
fn values(name: &str, key: &str) -> Result<Vec<(String, String)>> {
    let mut found = vec![];
    for file in files(name, "yml")? {
        for line in fs::read_to_string(crate::run::root().join(&file))?.lines() {
            let line = line.trim_start().trim_start_matches("- ");
            if let Some(value) = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")) {
                let value = value.trim();
                let bare = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
                found.push((file.clone(), bare.map_or(value.to_owned(), |bare| bare.replace("''", "'"))));
            }
        }
    }
    Ok(found)
}

pub fn alarms() -> Result<Vec<String>> {
    Ok(values("rules", "alert")?.into_iter().map(|(_, name)| name).collect())
}

pub fn recorded() -> Result<BTreeSet<String>> {
    Ok(values("rules", "record")?.into_iter().map(|(_, name)| name).collect())
}

/// Alarms that a test looks at, and whether they must fire there.
pub fn shown() -> Result<BTreeSet<(String, bool)>> {
    let mut shown = BTreeSet::new();
    for file in files("tests", "yml")? {
        let text = fs::read_to_string(crate::run::root().join(&file))?;
        for test in text.split("alertname: ").skip(1) {
            let name = test.lines().next().unwrap_or_default().trim().to_owned();
            shown.insert((name, !test.contains("exp_alerts: []")));
        }
    }
    Ok(shown)
}

/// Every number that a rule or a picture asks for.
pub fn asked(pictures: Vec<(String, String)>) -> Result<Vec<Asked>> {
    let rules = values("rules", "expr")?;
    let count = values("rules", "alert")?.len() + recorded()?.len();
    ensure!(rules.len() == count, "{count} rules, and {} expressions on one line of their own", rules.len());
    let all = rules.iter().chain(&pictures).flat_map(|(place, expression)| {
        numbers(expression).into_iter().map(|number| Asked { place: place.clone(), number })
    });
    Ok(all.collect())
}

/// What pictures ask, each with its file; the pictures themselves are sound.
pub fn pictures() -> Result<Vec<(String, String)>> {
    let mut expressions = vec![];
    for file in files("dashboards", "json")? {
        let text = fs::read_to_string(crate::run::root().join(&file))?;
        let board: Value = serde_json::from_str(&text).with_context(|| file.clone())?;
        sound(&board).with_context(|| file.clone())?;
        collect(&board, &file, &mut expressions);
    }
    Ok(expressions)
}

/// Every expression in a dashboard, wherever it stands.
fn collect(value: &Value, file: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_str() {
                    Some(text) if key == "expr" => found.push((file.to_owned(), text.to_owned())),
                    // The values of a variable: `label_values(number, label)`.
                    Some(text) if key == "query" && text.starts_with("label_values(") => {
                        let number = text.trim_start_matches("label_values(").split(',').next().unwrap_or_default();
                        found.push((file.to_owned(), number.to_owned()));
                    }
                    _ => collect(member, file, found),
                }
            }
        }
        Value::Array(members) => members.iter().for_each(|member| collect(member, file, found)),
        _ => {}
    }
}

/// Whether Grafana can show it and people can read it.
fn sound(board: &Value) -> Result<()> {
    for key in ["uid", "title", "description", "schemaVersion", "templating", "panels"] {
        ensure!(board.get(key).is_some(), "it has no {key}");
    }
    let variables = board["templating"]["list"].as_array().map_or(0, Vec::len);
    ensure!(variables > 0, "its data source cannot be chosen");
    let panels = board["panels"].as_array().context("its panels are no list")?;
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = panel["title"].as_str().unwrap_or("without a title");
        ensure!(ids.insert(panel["id"].as_u64()), "{title}: its id is another's");
        let place = |key: &str| panel["gridPos"][key].as_u64().with_context(|| format!("{title}: no gridPos.{key}"));
        let (x, y, w, h) = (place("x")?, place("y")?, place("w")?, place("h")?);
        ensure!(w > 0 && h > 0 && x + w <= 24, "{title}: it does not fit");
        for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
            ensure!(taken.insert(cell), "{title}: it lies over another");
        }
        if panel["type"] == "row" {
            continue;
        }
        ensure!(panel["description"].as_str().is_some_and(|text| !text.is_empty()), "{title}: no description");
        let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
        ensure!(!targets.is_empty(), "{title}: it asks for nothing");
        let refs: BTreeSet<_> = targets.iter().map(|target| target["refId"].as_str()).collect();
        ensure!(refs.len() == targets.len(), "{title}: two targets have one refId");
        let with_unit = panel["type"] == "heatmap" || panel["fieldConfig"]["defaults"]["unit"].is_string();
        ensure!(with_unit, "{title}: no unit");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_list_is_read_back() {
        let known = line("| `x_seconds` | histogram | seconds | `why`: a, b; `route` | kit, cluster | what it is |");
        let known = known.unwrap();
        assert_eq!((known.name.as_str(), known.kind.as_str()), ("x_seconds", "histogram"));
        assert_eq!(known.labels, ["route", "why"]);
        assert_eq!(known.values, [("why".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
        assert!(known.has_open_label() && !known.only_cluster());
        assert!(known.is("x_seconds_bucket") && !known.is("x_seconds_max"));
        assert!(line("| name | kind | unit |").is_none());
    }

    #[test]
    fn what_is_written_here_can_be_read() {
        let asked = asked(pictures().unwrap()).unwrap();
        assert!(asked.len() > 100);
        assert!(asked.iter().all(|asked| find(&listed().unwrap(), "nonsense").is_none() && !asked.place.is_empty()));
    }
}
