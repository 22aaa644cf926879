//! One process of this machine: known by pid and start time, because pids come again; a zombie is dead.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// How long a process that was killed may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A process that once was; whether it still is, is asked anew each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: i32,
    /// Clock ticks between the machine's start and the process's.
    pub started: u64,
}

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug)]
struct Stat {
    process: Process,
    state: char,
    parent: i32,
    session: i32,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        Self::parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Of `pid (name) state parent group session ...`; the name may hold anything, so the last bracket counts.
    fn parse(pid: i32, text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse().ok();
        let process = Process { pid, started: fields.get(19)?.parse().ok()? };
        Some(Self { process, state: fields.first()?.chars().next()?, parent: number(1)?, session: number(3)? })
    }

    fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn everybody() -> Vec<Stat> {
    pids().filter_map(Stat::of).filter(Stat::is_alive).collect()
}

impl Process {
    /// Whoever has this pid now.
    pub fn of(pid: i32) -> Option<Self> {
        Stat::of(pid).map(|stat| stat.process)
    }

    fn stat(&self) -> Option<Stat> {
        Stat::of(self.pid).filter(|stat| stat.process == *self)
    }

    pub fn is_alive(&self) -> bool {
        self.stat().is_some_and(|stat| stat.is_alive())
    }

    /// Stopped by a signal, and not yet continued.
    pub fn is_paused(&self) -> bool {
        self.stat().is_some_and(|stat| matches!(stat.state, 'T' | 't'))
    }

    /// Sends a signal, unless the process is gone and the pid perhaps somebody else's.
    pub fn signal(&self, signal: Signal) {
        if let (true, Some(pid)) = (self.is_alive(), Pid::from_raw(self.pid)) {
            // Gone in between is what we want to hear anyway.
            let _ = kill_process(pid, signal);
        }
    }

    /// All that live of the process, its session and its descendants, itself first. PostgreSQL's children have sessions of
    /// their own; nginx's workers outlive their master in its session.
    pub fn family(&self) -> Vec<Self> {
        let everybody = everybody();
        let pid_is_anothers = Stat::of(self.pid).is_some_and(|stat| stat.process != *self);
        if pid_is_anothers {
            return vec![];
        }
        let mut family: Vec<Self> = everybody.iter().filter(|s| s.process == *self).map(|s| s.process).collect();
        let session = everybody.iter().filter(|s| s.session == self.pid && s.process.started >= self.started);
        family.extend(session.map(|s| s.process).filter(|member| member != self));
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            let children = everybody.iter().filter(|s| s.parent == parent.pid).map(|s| s.process);
            let new: Vec<Self> = children.filter(|child| !family.contains(child)).collect();
            family.extend(new);
            next += 1;
        }
        family
    }

    /// Stops the whole family in its tracks; nobody forks while the others are found.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        self.family().iter().for_each(|member| member.signal(Signal::STOP));
    }

    pub fn resume(&self) {
        self.family().iter().for_each(|member| member.signal(Signal::CONT));
    }

    /// Kill -9 of the whole family, as when the machine dies. Returns whether all are gone.
    pub fn kill(&self) -> bool {
        self.pause();
        let family = self.family();
        family.iter().for_each(|member| member.signal(Signal::KILL));
        family.iter().all(|member| member.ends_within(GONE_WITHIN))
    }

    /// Waits for the end.
    pub fn ends_within(&self, bound: Duration) -> bool {
        let begun = Instant::now();
        while self.is_alive() {
            if begun.elapsed() > bound {
                return false;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        true
    }
}

/// Who has this folder as working directory, as far as we may see.
pub fn working_in(folder: &Path) -> Vec<Process> {
    let here = |pid: &i32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder);
    pids().filter(here).filter_map(Process::of).filter(Process::is_alive).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let text = "7 (a) b (c)) S 1 7 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 8877 1 1";
        let stat = Stat::parse(7, text).unwrap();
        assert_eq!((stat.state, stat.parent, stat.session, stat.process.started), ('S', 1, 42, 8877));
    }

    #[test]
    fn a_pid_that_came_again_is_somebody_else() {
        let me = Process::of(std::process::id().cast_signed()).unwrap();
        assert!(me.is_alive());
        let before = Process { started: me.started - 1, ..me };
        assert!(!before.is_alive());
        assert!(before.family().is_empty());
    }

    #[test]
    fn a_zombie_is_dead() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let process = Process::of(child.id().cast_signed()).unwrap();
        assert!(process.ends_within(Duration::from_secs(5)), "nobody has waited for it yet");
        assert_eq!(Process::of(process.pid), Some(process), "so it is still listed");
        child.wait().unwrap();
    }
}
