//! The process's own numbers: what it takes of its machine, read from `/proc/self`; where there is none, they are left out.

use std::{fs, time::Duration};

use crate::lifecycle::Lifecycle;

/// Often enough for an alarm, and far too rarely to cost anything.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The kernel tells processor time to user space in hundredths on every machine that Linux runs on.
const TICKS_PER_S: u64 = 100;
/// Of every machine that we are built for.
const PAGE_BYTES: u64 = 4096;

/// Tells the build, then looks until the soft stop.
pub(super) async fn watch(life: Lifecycle) {
    metrics::gauge!("build_info", "version" => env!("CARGO_PKG_VERSION"), "program" => program()).set(1.0);
    if let Some(max) = files_max() {
        metrics::gauge!("process_max_fds").set(max as f64);
    }
    loop {
        look();
        if !life.sleep(LOOK_EVERY).await {
            return;
        }
    }
}

fn look() {
    if let Ok(statm) = fs::read_to_string("/proc/self/statm")
        && let Some(bytes) = resident_bytes(&statm)
    {
        metrics::gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    if let Ok(stat) = fs::read_to_string("/proc/self/stat")
        && let Some((cpu_s, threads)) = cpu_and_threads(&stat)
    {
        metrics::counter!("process_cpu_seconds_total").absolute(cpu_s);
        metrics::gauge!("process_threads").set(threads as f64);
    }
    if let Some(open) = files_open() {
        metrics::gauge!("process_open_fds").set(open as f64);
    }
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        metrics::gauge!("runtime_tasks").set(runtime.metrics().num_alive_tasks() as f64);
        metrics::gauge!("runtime_tasks_queued").set(runtime.metrics().global_queue_depth() as f64);
    }
}

/// The name of the file that runs.
fn program() -> String {
    let file = std::env::current_exe().ok();
    let name = file.as_deref().and_then(|file| file.file_name()).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default()
}

/// The kernel tells a folder's length where it can, so that nobody has to list it.
fn files_open() -> Option<u64> {
    let told = fs::metadata("/proc/self/fd").ok()?.len();
    if told > 0 {
        return Some(told);
    }
    Some(fs::read_dir("/proc/self/fd").ok()?.count() as u64)
}

/// How many files and sockets this process may hold open; `None` where nobody tells.
pub fn files_max() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// The second number of `/proc/self/statm`, in pages.
fn resident_bytes(statm: &str) -> Option<u64> {
    Some(statm.split_whitespace().nth(1)?.parse::<u64>().ok()? * PAGE_BYTES)
}

/// Fields 14, 15 and 20 of `/proc/self/stat`. The second is a name in brackets that may hold anything, so they are counted
/// from its last bracket.
fn cpu_and_threads(stat: &str) -> Option<(u64, u64)> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at - 3)?.parse::<u64>().ok();
    Some(((number(14)? + number(15)?) / TICKS_PER_S, number(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 12 0 99 1 1";
        assert_eq!(cpu_and_threads(stat), Some((4, 12)));
        assert_eq!(cpu_and_threads("nonsense"), None);
        assert_eq!(resident_bytes("9000 25 3 1 0 40 0"), Some(25 * PAGE_BYTES));
    }

    #[test]
    fn this_process_has_files_open_and_a_bound_on_them() {
        assert!(files_open().unwrap() > 0);
        assert!(files_max().is_none_or(|max| max >= files_open().unwrap()));
    }
}
