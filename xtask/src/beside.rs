//! A step that runs beside the others: a process of its own, which keeps what it has to say until its turn comes.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Signal, kill_current_process_group};

use crate::run::{Skipped, root};

/// How such a process ends that was no failure and no success.
pub const SKIPPED: u8 = 77;

/// A step that runs. It ends with us, however we end, and with this value.
pub struct Beside {
    pub name: &'static str,
    child: Child,
    said: PathBuf,
}

impl Beside {
    /// Begins it, behind whatever else wants the processors.
    pub fn start(name: &'static str) -> Result<Self> {
        let said = root().join("target").join(format!("{name}.log"));
        let file = File::create(&said).with_context(|| said.display().to_string())?;
        // Not by our file's name: that may have been built anew since we started.
        let ours = format!("/proc/{}/exe", process::id());
        let mut step = Command::new("nice");
        step.args(["-n", "10", &ours, "step", name]).current_dir(root()).process_group(0);
        step.stdin(Stdio::piped()).stdout(file.try_clone()?).stderr(file);
        let child = step.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, said })
    }

    /// Waits for its end, says what it said, and is how it ended.
    pub fn end(mut self) -> Result<()> {
        // To wait would close it, and that is its end.
        let held = self.child.stdin.take();
        let status = self.child.wait()?;
        drop(held);
        let said = fs::read_to_string(&self.said)?;
        print!("{said}");
        let last = said.lines().last().unwrap_or_default().to_owned();
        match status.code() {
            Some(0) => Ok(()),
            Some(code) if code == i32::from(SKIPPED) => bail!(Skipped(last)),
            _ => bail!("{status}: {last}"),
        }
    }
}

/// From now on this process, and all that it starts, ends when whoever started it does: its input ends then.
pub fn end_with_parent() {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut vec![]);
        let _ = kill_current_process_group(Signal::KILL);
    });
}
