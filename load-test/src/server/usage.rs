//! Usage: what the server took of the machine, read from where the system keeps it.

use std::fs;

use sale::verdict::{Observation, observe::Bound};

/// What a server with an open shop and nobody in it may take, and what each buyer may add.
const MEMORY_MAX_MIB: u64 = 256;
const MEMORY_MAX_KIB_EACH: u64 = 64;
/// Files of the server itself, beside one for each connection: two a buyer, and a second device's two.
const FILES_MAX: u64 = 256;
const FILES_MAX_EACH: u64 = 4;

/// The most memory so far, and the files open now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub memory_mib: u64,
    pub files: u64,
}

impl Usage {
    /// `None` where the process is gone.
    pub fn of(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64;
        Some(Self { memory_mib: peak_kib(&status)? / 1024, files })
    }

    /// For the law of bounds.
    pub fn bounds(&self, buyers: u64) -> [Observation; 2] {
        let bound = |name: &str, limit, most| Observation::Bound(Bound { name: name.to_owned(), limit, most });
        [
            bound("memory of the server in MiB", MEMORY_MAX_MIB + MEMORY_MAX_KIB_EACH * buyers / 1024, self.memory_mib),
            bound("open files of the server", FILES_MAX + FILES_MAX_EACH * buyers, self.files),
        ]
    }
}

fn peak_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_can_be_read_and_one_that_is_not_there_cannot() {
        let own = Usage::of(std::process::id()).unwrap();
        assert!(own.memory_mib > 0 && own.files > 2);
        assert_eq!(Usage::of(u32::MAX), None);
        assert_eq!(peak_kib("Name:\tx\nVmHWM:\t   2048 kB\n"), Some(2048));
    }
}
