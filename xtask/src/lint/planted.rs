//! A fault or two for each linter, each in a copy of what that linter needs to have something to look at.

use anyhow::{Context, Result, ensure};

use super::{Bench, LINTERS};
use crate::{
    planted::{self, Fault, fault},
    run::at_once,
};

const RUNBOOK: &[&str] = &[
    "docs/runbook.md",
    "infra/observe",
    "infra/aws/modules/service",
    "infra/aws/modules/observability",
    "infra/aws/modules/edge",
];
const SCRIPTS: &[&str] = &[".ci", ".github/scripts", "infra/aws/modules/service/boot.sh.tftpl"];
const WORKFLOWS: &[&str] = &[".github/workflows"];

/// By linter: what is copied, and what is planted there.
const FAULTS: &[(&str, &[&str], Fault)] = &[
    (
        "runbook",
        RUNBOOK,
        fault("infra/observe/rules/buyers.yml", "- alert: IntakeRefuses", "- alert: Ghost", "Ghost has no section"),
    ),
    (
        "runbook",
        RUNBOOK,
        fault(
            "infra/aws/modules/observability/alarms-ours.tf",
            "\"items_oversold\"",
            "\"items_ghost\"",
            "CloudWatch waits for items_ghost, which nobody exports",
        ),
    ),
    (
        "shellcheck",
        SCRIPTS,
        fault(".github/scripts/roll.sh", "group=$NAME-$role", "group=$NAME; rm -r $role", "SC2086"),
    ),
    (
        "shellcheck",
        SCRIPTS,
        fault(
            "infra/aws/modules/service/boot.sh.tftpl",
            "set -euo pipefail\n\n",
            "set -euo pipefail\nrm -r $1\n\n",
            "SC2086",
        ),
    ),
    (
        "deployment",
        SCRIPTS,
        fault(
            ".github/scripts/deploy.sh",
            "for role in consumer general publisher",
            "for role in publisher general consumer",
            "NOT as it should be: functions, consumers, generals, publishers, pages, in this order",
        ),
    ),
    ("hadolint", &["Dockerfile"], fault("Dockerfile", "FROM rust:1.95-slim-bookworm", "FROM rust:latest", "DL3007")),
    (
        "actionlint",
        WORKFLOWS,
        fault(
            ".github/workflows/release.yml",
            "needs: build",
            "needs: ghost",
            "needs job \"ghost\" which does not exist in this workflow",
        ),
    ),
    (
        "zizmor",
        WORKFLOWS,
        fault(
            ".github/workflows/ci.yml",
            "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
            "actions/checkout@v5",
            "unpinned-uses",
        ),
    ),
    (
        "zizmor",
        WORKFLOWS,
        fault(
            ".github/workflows/plan.yml",
            "run: printf '%s' \"$MINE\"",
            "run: printf '%s' \"${{ github.event.pull_request.title }}\"",
            "template-injection",
        ),
    ),
    (
        "secrets",
        &[".ci"],
        // In two parts, or it would be found here.
        fault(
            ".ci/run",
            "set -euo",
            concat!("export AWS_ACCESS_KEY_ID=AKIA", "Q3EGGHOSTZ7PLANT\nset -euo"),
            "AWS Access Key",
        ),
    ),
    (
        "checkov",
        &[".checkov.yaml", "infra/aws/modules/bucket"],
        fault(
            "infra/aws/modules/bucket/main.tf",
            "block_public_policy     = true",
            "block_public_policy     = false",
            "CKV_AWS_54",
        ),
    ),
];

/// Plants them all, and asks for each the linter that it is for; returns how many were noticed.
pub fn noticed(bench: &Bench) -> Result<usize> {
    for (name, _) in LINTERS {
        ensure!(FAULTS.iter().any(|(linter, ..)| *linter == name), "nothing is planted for {name}");
    }
    let missed = at_once((0..FAULTS.len()).collect(), |number| missed(bench, *number).err());
    let missed: Vec<String> = missed.iter().map(|error| format!("{error:#}")).collect();
    ensure!(missed.is_empty(), "planted faults:\n  {}", missed.join("\n  "));
    Ok(FAULTS.len())
}

/// Errors: that linter says nothing of this fault.
fn missed(bench: &Bench, number: usize) -> Result<()> {
    let (name, copied, fault) = FAULTS.get(number).context("there is no such fault")?;
    let (_, look) = LINTERS.iter().find(|(linter, _)| linter == name).context("there is no such linter")?;
    let noticed = planted::noticed(&format!("{name}-{number}"), copied, fault, |tree| look(bench, tree));
    noticed.context(*name)
}
