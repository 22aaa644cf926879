//! Usage: what a server takes of the machine, to the microsecond and the page; one of many processes is one server.

use std::{fs, io, time::Duration};

use nix::{time::clock_getcpuclockid, unistd::Pid};

/// One look at a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Processor time of all its threads, in nanoseconds.
    pub cpu_ns: u64,
    /// Memory of its own, as the kernel counts pages.
    pub anonymous_kib: u64,
    pub resident_kib: u64,
    /// Kernel memory of the whole machine: slabs and the buffers of TCP.
    pub kernel_kib: u64,
}

impl Look {
    /// All its processes together. Errors: one is gone, or the system does not tell.
    pub fn at_all(pids: impl IntoIterator<Item = u32>) -> io::Result<Self> {
        let meminfo = fs::read_to_string("/proc/meminfo")?;
        let mut sum = Self { kernel_kib: kib(&meminfo, "Slab:") + tcp_kib().unwrap_or(0), ..Self::default() };
        for pid in pids {
            let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
            sum.cpu_ns += cpu_ns(pid)?;
            sum.anonymous_kib += kib(&rollup, "Anonymous:");
            // A program's text is shared by all its processes: each has its part of it.
            sum.resident_kib += kib(&rollup, "Pss:");
        }
        Ok(sum)
    }
}

/// The process's own clock, which counts threads that ended, too.
fn cpu_ns(pid: u32) -> io::Result<u64> {
    let pid = i32::try_from(pid).map_err(|_| io::ErrorKind::NotFound)?;
    let used = Duration::from(clock_getcpuclockid(Pid::from_raw(pid))?.now()?);
    Ok(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX))
}

/// `name` and a number of kB in a file of such lines.
fn kib(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Pages that TCP holds for its buffers.
fn tcp_kib() -> Option<u64> {
    let told = fs::read_to_string("/proc/net/sockstat").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let pages: u64 = line.split("mem ").nth(1)?.split_whitespace().next()?.parse().ok()?;
    Some(pages * 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_is_seen_to_work() {
        let before = Look::at_all([std::process::id()]).unwrap();
        let mut sum = 0u64;
        let mut heap = vec![1u8; 8 << 20];
        for round in 0..20_000_000u64 {
            sum = sum.wrapping_mul(31).wrapping_add(round);
        }
        heap[0] = sum as u8;
        let after = Look::at_all([std::process::id()]).unwrap();
        assert!(std::hint::black_box(&heap)[0] == sum as u8);
        assert!(after.cpu_ns > before.cpu_ns && after.anonymous_kib > 6_000, "{before:?} {after:?}");
        assert!(after.resident_kib > 0 && after.kernel_kib > 0);
        assert!(Look::at_all([u32::MAX]).is_err());
    }

    #[test]
    fn lines_of_kilobytes_read() {
        assert_eq!(kib("Rss:      1700 kB\nAnonymous:  112 kB\n", "Anonymous:"), 112);
        assert_eq!(kib("nothing", "Rss:"), 0);
    }
}
