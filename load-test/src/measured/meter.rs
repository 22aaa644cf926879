//! The meter: processor time and memory of the processes under test, over time, with all their children.

use std::{
    collections::HashMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{task::JoinHandle, time::Instant};

/// A look costs each process a walk through the list of its threads.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// `/proc` counts in these.
const TICK_US: f64 = 10_000.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metered {
    pub name: String,
    /// Between the first and the last look.
    pub cpu_us: f64,
    pub peak_mib: f64,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub at_s: f64,
    /// Processors in use since the look before.
    pub cpu: f64,
    pub mib: f64,
}

/// Looks until it is asked for what it saw; dropped, it stops.
pub struct Meter {
    seen: Arc<Mutex<Vec<Watched>>>,
    begun: Instant,
    task: JoinHandle<()>,
}

struct Watched {
    pid: u32,
    first_us: f64,
    last: (f64, f64),
    metered: Metered,
}

impl Meter {
    /// Begins with these: what to call them, and their process.
    pub fn start(processes: Vec<(String, u32)>) -> Self {
        let all = Everybody::now();
        let watched = processes.into_iter().map(|(name, pid)| {
            let (first_us, _) = all.under(pid);
            Watched {
                pid,
                first_us,
                last: (0.0, first_us),
                metered: Metered { name, cpu_us: 0.0, peak_mib: 0.0, samples: vec![] },
            }
        });
        let (seen, begun) = (Arc::new(Mutex::new(watched.collect::<Vec<_>>())), Instant::now());
        let looking = seen.clone();
        let task = tokio::spawn(async move {
            let mut due = tokio::time::interval(LOOK_EVERY);
            due.tick().await;
            loop {
                due.tick().await;
                look(&looking, begun);
            }
        });
        Self { seen, begun, task }
    }

    /// Processor time that all of them together took until now, in microseconds.
    pub fn cpu_us(&self) -> f64 {
        look(&self.seen, self.begun);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|one| one.metered.cpu_us).sum()
    }

    pub fn stop(self) -> Vec<Metered> {
        look(&self.seen, self.begun);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.drain(..).map(|one| one.metered).collect()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn look(seen: &Mutex<Vec<Watched>>, begun: Instant) {
    let (all, at_s) = (Everybody::now(), begun.elapsed().as_secs_f64());
    for one in seen.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
        let (cpu_us, mib) = all.under(one.pid);
        let (before_s, before_us) = std::mem::replace(&mut one.last, (at_s, cpu_us));
        let cpu = (cpu_us - before_us).max(0.0) / 1e6 / (at_s - before_s).max(1e-3);
        one.metered.cpu_us = (cpu_us - one.first_us).max(one.metered.cpu_us);
        one.metered.peak_mib = one.metered.peak_mib.max(mib);
        one.metered.samples.push(Sample { at_s, cpu, mib });
    }
}

/// Every process of the machine: its parent, its processor time with that of its children that ended, its memory.
struct Everybody(HashMap<u32, (u32, f64, f64)>);

impl Everybody {
    fn now() -> Self {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        Self(pids.filter_map(|pid| Some((pid, of(pid)?))).collect())
    }

    /// Microseconds and MiB of a process and all that descend from it.
    fn under(&self, pid: u32) -> (f64, f64) {
        let Some((_, mut cpu_us, mut mib)) = self.0.get(&pid).copied() else { return (0.0, 0.0) };
        for child in self.0.iter().filter(|(_, (parent, ..))| *parent == pid).map(|(child, _)| *child) {
            let (more_us, more_mib) = self.under(child);
            (cpu_us, mib) = (cpu_us + more_us, mib + more_mib);
        }
        (cpu_us, mib)
    }
}

fn of(pid: u32) -> Option<(u32, f64, f64)> {
    const PAGE_MIB: f64 = 4096.0 / (1024.0 * 1024.0);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, so the last bracket counts.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let ticks = number(11)? + number(12)? + number(13)? + number(14)?;
    let parent = u32::try_from(number(1)?).ok()?;
    Some((parent, ticks as f64 * TICK_US, number(21)? as f64 * PAGE_MIB))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_works_is_seen_to_work() {
        let meter = Meter::start(vec![("me".into(), std::process::id()), ("nobody".into(), u32::MAX)]);
        let (begun, mut sum) = (std::time::Instant::now(), 0u64);
        while begun.elapsed() < Duration::from_millis(150) {
            sum = std::hint::black_box(sum.wrapping_mul(31) + 1);
        }
        assert!(meter.cpu_us() >= 50_000.0);
        let metered = meter.stop();
        assert!(metered[0].peak_mib > 1.0 && metered[0].samples.iter().any(|sample| sample.cpu > 0.2), "{metered:?}");
        assert_eq!((metered[1].cpu_us, metered[1].peak_mib), (0.0, 0.0));
    }
}
