//! The report of one run: what it measured, as a file that programs read and a table that people do.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::target::Against;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub against: Against,
    pub machine: Machine,
    pub sockets: usize,
    pub client_processes: usize,
    /// Bytes of the server's own memory for each idle socket more that watches, from a quarter of them to all.
    pub memory_bytes_per_socket: f64,
    /// The same after the churn: it should be no more.
    pub memory_bytes_per_socket_after_churn: f64,
    /// Kernel memory of both sides of one connection, clients included.
    pub kernel_bytes_per_socket: f64,
    /// All of the server, with all sockets.
    pub resident_kib: u64,
    /// Processor time that the server takes with nobody there; taken off everything below.
    pub idle_cpu_us_per_s: f64,
    pub connect_cpu_us: f64,
    pub connects_per_s: f64,
    pub delivery_cpu_us: f64,
    pub rounds: Vec<Round>,
    pub churned: u64,
    pub refused: u64,
    pub lost: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub cores: usize,
    pub kernel: String,
    pub processor: String,
    /// Whether this program was built optimised.
    pub optimised: bool,
}

/// One thing told to everybody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Round {
    pub told: usize,
    pub texts: u64,
    pub first_to_last_ms: f64,
    pub cpu_us_per_text: f64,
    /// Milliseconds from the first socket told, at every hundredth of them.
    pub curve_ms: Vec<f64>,
}

impl Machine {
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            processor: model.trim_start_matches(['\t', ' ', ':']).to_owned(),
            optimised: !cfg!(debug_assertions),
        }
    }
}

impl Round {
    pub fn of(told: usize, texts: u64, curve_ns: &[u64], cpu_us: f64) -> Self {
        let first = curve_ns.first().copied().unwrap_or(0);
        let ms = |at: &u64| (at - first) as f64 / 1e6;
        // Several processes' curves are one after they were sorted; a hundred points of it are enough.
        let points = (0..=100).filter_map(|point| curve_ns.get(curve_ns.len().checked_sub(1)? * point / 100));
        Self {
            told,
            texts,
            first_to_last_ms: curve_ns.last().map_or(0.0, ms),
            cpu_us_per_text: cpu_us / (texts.max(1) as f64),
            curve_ms: points.map(ms).collect(),
        }
    }
}

impl Report {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no report of sockets", path.display()))
    }

    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
    }

    /// First to last of the first round: for ours, the opening.
    pub fn opening_ms(&self) -> f64 {
        self.rounds.first().map_or(0.0, |round| round.first_to_last_ms)
    }

    /// Everything that is compared: its name, its unit, its value. Less is better in all of them.
    pub fn figures(&self) -> [(&'static str, &'static str, f64); 6] {
        [
            ("memory per socket", "B", self.memory_bytes_per_socket),
            ("memory per socket after churn", "B", self.memory_bytes_per_socket_after_churn),
            ("kernel memory per connection", "B", self.kernel_bytes_per_socket),
            ("CPU per connect", "us", self.connect_cpu_us),
            ("CPU per delivery", "us", self.delivery_cpu_us),
            ("first to last told", "ms", self.opening_ms()),
        ]
    }

    pub fn table(&self) -> String {
        let mut text = format!(
            "{}: {} sockets by {} client processes\n",
            self.against.name(),
            self.sockets,
            self.client_processes
        );
        for (name, unit, value) in self.figures() {
            let _ = writeln!(text, "  {name:<30} {value:>10.1} {unit}");
        }
        let _ = writeln!(text, "  {:<30} {:>10.0} /s", "connects", self.connects_per_s);
        let _ = writeln!(text, "  {:<30} {:>10} KiB", "all of the server", self.resident_kib);
        let (churned, refused, lost) = (self.churned, self.refused, self.lost);
        let _ = write!(text, "  {churned} came and went, {refused} were refused, {lost} were lost");
        text
    }
}

/// Two reports side by side.
pub fn compare(before: &Report, after: &Report) -> String {
    let mut text = format!(
        "{:<30} {:>14} {:>14}  ratio\n",
        "",
        format!("{} x{}", before.against.name(), before.sockets),
        format!("{} x{}", after.against.name(), after.sockets)
    );
    for ((name, unit, old), (_, _, new)) in before.figures().into_iter().zip(after.figures()) {
        let ratio = if old > 0.0 { format!("{:.2}", new / old) } else { "-".into() };
        let _ = writeln!(text, "{name:<30} {old:>11.1} {unit:<2} {new:>11.1} {unit:<2} {ratio:>6}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(delivery_cpu_us: f64) -> Report {
        Report {
            against: Against::Ours,
            machine: Machine::this(),
            sockets: 1000,
            client_processes: 1,
            memory_bytes_per_socket: 200.0,
            resident_kib: 30_000,
            kernel_bytes_per_socket: 10_000.0,
            memory_bytes_per_socket_after_churn: 210.0,
            idle_cpu_us_per_s: 0.0,
            connect_cpu_us: 40.0,
            connects_per_s: 9000.0,
            delivery_cpu_us,
            rounds: vec![Round::of(3, 3, &[1_000_000, 2_000_000, 5_000_000], 30.0)],
            churned: 0,
            refused: 0,
            lost: 0,
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_written_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        report(4.0).write(&path).unwrap();
        let read = Report::read(&path).unwrap();
        assert_eq!(read.figures(), report(4.0).figures());
        assert!((read.opening_ms() - 4.0).abs() < 1e-9);
        let compared = compare(&read, &report(8.0));
        assert!(
            compared.lines().any(|line| line.starts_with("CPU per delivery") && line.ends_with("2.00")),
            "{compared}"
        );
        assert!(read.table().contains("1000 sockets"));
    }
}
