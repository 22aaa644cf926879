//! The parts of the bench: each may be asked for by its name.

use std::{fs, path::PathBuf};

use anyhow::Result;
use clap::ValueEnum;

use super::{BenchArgs, build, claims, growth, sockets};
use crate::run::root;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Sockets, against the floor and other servers.
    Sockets,
    /// Claims in one process, against raw axum.
    Claims,
    /// The same claims on real servers.
    Stack,
    /// What one costs of ten times more sockets, claims and sales.
    Growth,
}

const ALL: [Part; 4] = [Part::Sockets, Part::Claims, Part::Stack, Part::Growth];

/// Measures every part that was asked for, or all. Returns whether every bar of them is met.
pub fn bench(args: &BenchArgs) -> Result<bool> {
    let mut met = true;
    for part in ALL.into_iter().filter(|part| args.parts.is_empty() || args.parts.contains(part)) {
        met &= one(part, args)?;
    }
    Ok(met)
}

fn one(part: Part, args: &BenchArgs) -> Result<bool> {
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    match part {
        Part::Sockets => sockets(args),
        Part::Claims => claims::in_one_process(&programs(args)?, &folder, &args.only),
        Part::Stack => claims::on_a_stack(&folder, &args.only),
        Part::Growth => growth::growth(&programs(args)?, &folder, &args.only),
    }
}

fn programs(args: &BenchArgs) -> Result<PathBuf> {
    args.programs.clone().map_or_else(build, Ok)
}
