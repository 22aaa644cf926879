//! Who may import whom. This table is the house's plan; `cargo metadata` is the house.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// crate, what it may use of ours, what its tests may use besides.
const MAY: &[(&str, &[&str])] = &[
    ("sale", &[]),
    ("journal", &["sale"]),
    ("kit", &["sale"]),
    ("embedded", &["sale", "journal"]),
    ("cluster", &["sale", "journal"]),
    ("stack", &[]),
    ("provider", &["sale", "kit", "embedded"]),
    ("contract", &["sale", "journal", "embedded", "cluster", "stack", "kit", "lambda-email"]),
    // Their thin binaries also use the cluster, behind the feature `server`.
    ("publisher", &["sale", "journal", "kit", "cluster"]),
    ("consumer", &["sale", "journal", "kit", "cluster"]),
    ("general", &["sale", "journal", "kit", "cluster"]),
    ("lambda-email", &["sale", "kit"]),
    ("standalone", &["sale", "journal", "kit", "embedded", "publisher", "consumer", "general", "lambda-email"]),
    ("load-test", &["sale", "journal", "kit"]),
    ("xtask", &["stack"]),
];
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
    "lambda_runtime",
];

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
    let mut planned: Vec<&str> = MAY.iter().map(|(name, _)| *name).collect();
    planned.sort_unstable();
    assert_eq!(names, planned);
}

#[test]
fn nobody_imports_against_the_plan() {
    let ours = ours(&metadata());
    let mut broken = vec![];
    for (name, package) in &ours {
        let may = MAY.iter().find(|(planned, _)| planned == name).map(|(_, may)| *may).unwrap_or_default();
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
