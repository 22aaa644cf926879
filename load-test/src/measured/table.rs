//! The table: a report for a terminal.

use std::fmt::Write as _;

use super::Report;

pub fn table(report: &Report) -> String {
    let mut text = format!("{} ({}), {:.1} s\n", report.name, report.house, report.seconds);
    for wait in &report.waits {
        let ms = |us: u64| us as f64 / 1e3;
        let (p50, p99, p999, max) = (ms(wait.p50_us), ms(wait.p99_us), ms(wait.p999_us), ms(wait.max_us));
        let _ = writeln!(
            text,
            "  {:<24} p50 {p50:>8.2} ms  p99 {p99:>8.2} ms  p99.9 {p999:>8.2} ms  max {max:>8.2} ms  of {}",
            wait.name, wait.count
        );
    }
    for (name, value) in &report.figures {
        let _ = writeln!(text, "  {value:>12.1}  {name}");
    }
    for (name, count) in &report.outcomes {
        let _ = writeln!(text, "  {count:>12}  {name}");
    }
    for process in &report.processes {
        let (cpu_s, peak) = (process.cpu_us / 1e6, process.peak_mib);
        let _ = writeln!(text, "  {cpu_s:>10.2} s  of a processor, {peak:.0} MiB at most: {}", process.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::example;

    #[test]
    fn the_table_says_where_how_long_and_how_much() {
        let table = example().table();
        for part in
            ["one process", "claim -> answer", "p99   990", "1234.5  claims a second", "1000  accepted", "31 MiB"]
        {
            assert!(table.contains(part), "{part} in\n{table}");
        }
    }
}
