//! Who may import whom. The map in ARCHITECTURE.md is the house's plan; `cargo metadata` is the house.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");
/// How the table of the map begins.
const HEAD: &str = "| folder | what it is | may use of ours |";
const TESTS_MAY_ADD: &[&str] = &["contract", "stack"];
/// What the one-process mode must never compile.
const NEVER_IN_STANDALONE: &[&str] = &[
    "redis",
    "deadpool-redis",
    "lapin",
    "aws-config",
    "aws-sdk-sqs",
    "aws-sdk-dynamodb",
    "aws-sdk-sesv2",
    "aws-sdk-lambda",
    "aws-sdk-autoscaling",
    "aws-sdk-elasticloadbalancingv2",
    "aws-sdk-scheduler",
    "lambda_runtime",
];

/// Each crate, and what it may use of ours.
fn plan() -> BTreeMap<&'static str, Vec<&'static str>> {
    let (_, map) = ARCHITECTURE.split_once(HEAD).expect("the map");
    let (rows, _) = map.split_once("\n\n").expect("its end");
    let mut plan = BTreeMap::new();
    for row in rows.lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        // A line under the head names no folder; a folder that is no crate leaves its last cell empty.
        let ["", folder, _, uses, ""] = cells[..] else { continue };
        let Some(name) = names(folder).next().and_then(|path| path.rsplit('/').next()) else { continue };
        if !uses.is_empty() {
            plan.insert(name, names(uses).collect());
        }
    }
    plan
}

/// What stands between backticks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo).args(["metadata", "--format-version", "1", "--quiet"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ours(metadata: &Value) -> BTreeMap<String, Value> {
    let members: Vec<&str> =
        metadata["workspace_members"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let packages = metadata["packages"].as_array().unwrap();
    let mine = packages.iter().filter(|p| members.contains(&p["id"].as_str().unwrap()));
    mine.map(|p| (p["name"].as_str().unwrap().to_owned(), p.clone())).collect()
}

#[test]
fn every_crate_has_its_place_in_the_plan() {
    let names: Vec<String> = ours(&metadata()).into_keys().collect();
    let planned: Vec<&str> = plan().into_keys().collect();
    assert_eq!(names, planned);
}

#[test]
fn nobody_imports_against_the_plan() {
    let (ours, plan) = (ours(&metadata()), plan());
    let mut broken = vec![];
    for (name, package) in &ours {
        let may = plan.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
        for dependency in package["dependencies"].as_array().unwrap() {
            let other = dependency["name"].as_str().unwrap();
            let in_tests = dependency["kind"] == "dev" && TESTS_MAY_ADD.contains(&other);
            if ours.contains_key(other) && !may.contains(&other) && !in_tests {
                broken.push(format!("{name} -> {other}"));
            }
        }
    }
    assert!(broken.is_empty(), "edges that the plan does not have: {broken:?}");
}

#[test]
fn the_one_process_mode_compiles_no_other_servers_protocol() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let tree = Command::new(cargo)
        .args([
            "tree",
            "--offline",
            "--package",
            "standalone",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .output()
        .unwrap();
    assert!(tree.status.success());
    let names: Vec<String> =
        String::from_utf8_lossy(&tree.stdout).lines().filter_map(|l| l.split(' ').next().map(str::to_owned)).collect();
    assert!(names.iter().any(|n| n == "axum"), "the tree was not read");
    for never in NEVER_IN_STANDALONE {
        assert!(!names.iter().any(|n| n == never), "standalone compiles {never}");
    }
}
