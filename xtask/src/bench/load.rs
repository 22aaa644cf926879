//! The load: one run of `load-test` in one house, and the report that it left.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run::{command, run};

pub struct Load<'a> {
    /// Where `load-test` and `miaosha` lie.
    pub programs: &'a Path,
    /// None: one process of ours, new for each run.
    pub stack: Option<&'a Path>,
    /// Where reports go.
    pub folder: PathBuf,
}

impl Load<'_> {
    /// Runs `load-test` with these words; leaves its report, and its page where it makes one, under this name.
    pub fn run(&self, name: &str, words: &str) -> Result<Value> {
        let (json, html) = (self.folder.join(format!("{name}.json")), self.folder.join(format!("{name}.html")));
        // A figure of yesterday is none of today.
        let _ = fs::remove_file(&json);
        let mut load = command(&[&self.programs.join("load-test").to_string_lossy()]);
        load.args(words.split_whitespace());
        match self.stack {
            Some(stack) => load.arg("--stack").arg(stack),
            None => load.arg("--server").arg(self.programs.join("miaosha")),
        };
        if !words.starts_with("sockets") {
            load.arg("--html").arg(&html);
        }
        run(load.arg("--json").arg(&json))?;
        let text = fs::read_to_string(&json).with_context(|| format!("cannot read {}", json.display()))?;
        serde_json::from_str(&text).context("the report does not read")
    }
}
