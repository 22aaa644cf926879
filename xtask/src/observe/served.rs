//! What is served: a one-process server is started on a port and in a folder of its own, asked a little, and read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    run::{command, root},
    servers,
};

/// Numbers that are looked at every few seconds have been by then.
const ALL_WAIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(500);
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// Some of each: found, not found, not signed in, no upgrade.
const ASKED: [&str; 5] = ["/", "/api/v1/sales", "/api/v1/nothing", "/api/v1/me/orders", "/api/v1/live"];

/// A number as a server exports it.
#[derive(Debug)]
pub struct Exported {
    pub name: String,
    pub kind: String,
    /// In order of their names.
    pub labels: Vec<String>,
}

/// A server that ends with this.
struct Served {
    child: Child,
    folder: PathBuf,
    /// Kept open: a server whose words nobody takes would end at the next one.
    said: BufReader<ChildStdout>,
}

/// Builds and starts the server, and reads what it exports once all of `expected` is among it.
pub fn exported(expected: &BTreeSet<String>) -> Result<Vec<Exported>> {
    servers::build()?;
    let (_served, address) = start()?;
    for path in ASKED {
        get(&format!("http://{address}{path}"))?;
    }
    let begun = Instant::now();
    loop {
        let exported = parse(&get(&format!("http://{address}/metrics"))?);
        let missing: Vec<&str> =
            expected.iter().map(String::as_str).filter(|name| !exported.iter().any(|e| e.name == *name)).collect();
        if missing.is_empty() {
            println!("{} names in rules and pictures are exported by a running server", expected.len());
            return Ok(exported);
        }
        if begun.elapsed() > ALL_WAIT {
            bail!("the running server does not export {}", missing.join(", "));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Returns the server and where it listens.
fn start() -> Result<(Served, String)> {
    let folder = root().join("target/observe");
    let _ = fs::remove_dir_all(&folder);
    let data = folder.to_string_lossy().into_owned();
    let mut server = command(&["target/debug/miaosha", "--listen", "127.0.0.1:0", "--data-dir", &data]);
    let spawned = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = spawned.context("cannot start target/debug/miaosha")?;
    let said = BufReader::new(child.stdout.take().context("the server says nothing")?);
    let mut served = Served { child, folder, said };
    let mut line = String::new();
    while served.said.read_line(&mut line)? > 0 {
        if let Some((_, rest)) = line.split_once("http://") {
            let address = rest.split_whitespace().next().unwrap_or_default().to_owned();
            return Ok((served, address));
        }
        line.clear();
    }
    bail!("the server ended before it was open")
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The body of an answer, whatever its status.
pub fn get(url: &str) -> Result<String> {
    let (address, path) = url.strip_prefix("http://").and_then(|url| url.split_once('/')).context("no such address")?;
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("{url} did not answer"))?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn parse(text: &str) -> Vec<Exported> {
    let mut labels: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let kinds: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, inside) = line.split_once('{').map_or((line, ""), |(name, rest)| (name, rest));
        let series = series.split_whitespace().next().unwrap_or_default();
        let name = kinds.iter().map(|(name, _)| *name).find(|name| belongs(series, name));
        // A value may hold what a label's end looks like, so only what stands before `="` counts.
        let keys = inside.split("=\"").filter_map(|part| part.rsplit([',', '{', '"']).next());
        let keys = keys.filter(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        labels.entry(name.unwrap_or(series)).or_default().extend(keys.filter(|key| *key != "le").map(str::to_owned));
    }
    let mine = |name: &str| labels.get(name).into_iter().flatten().cloned().collect();
    kinds
        .iter()
        .map(|(name, kind)| Exported { name: (*name).into(), kind: (*kind).into(), labels: mine(name) })
        .collect()
}

fn belongs(series: &str, name: &str) -> bool {
    matches!(series.strip_prefix(name), Some("" | "_bucket" | "_sum" | "_count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_read() {
        let text = "# HELP a_total what\n# TYPE a_total counter\na_total{why=\"x, y\",door=\"http\"} 3\n\n\
            # TYPE b_seconds histogram\nb_seconds_bucket{route=\"/a/{id}\",le=\"1\"} 2\nb_seconds_count{route=\"/\"} 2\n\
            # TYPE c gauge\nc 1\n";
        let all = parse(text);
        let told: Vec<_> = all.iter().map(|e| (e.name.as_str(), e.kind.as_str(), e.labels.join(" "))).collect();
        let text = |labels: &str| labels.to_owned();
        assert_eq!(
            told,
            [
                ("a_total", "counter", text("door why")),
                ("b_seconds", "histogram", text("route")),
                ("c", "gauge", text(""))
            ]
        );
    }
}
