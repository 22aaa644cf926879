//! Inside a house: what a measured run must know of it: its keys, its doors for claims, its processes, and its settings.

use std::{fs, net::SocketAddrV4, path::Path};

use anyhow::Context;
use kit::tokens::Keys;
use serde::Deserialize;

use super::{Doors, House, lay::PARTITIONS};

/// As a stack writes down who runs.
#[derive(Deserialize)]
struct Running {
    pid: u32,
}

impl House {
    /// Our own process set for measuring. A stack was started by somebody else, and is as they set it.
    pub fn measured(&self) -> Self {
        let mut house = self.clone();
        if let Self::Own(plan) = &mut house {
            plan.env.extend(measure::settings().map(|(key, value)| (key.to_owned(), value)));
            plan.env.push(("MIAOSHA_EMBEDDED__PARTITIONS".to_owned(), PARTITIONS.to_string()));
        }
        house
    }

    /// In a few words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Own(_) => "one process",
            Self::Stack(_) => "stack",
        }
    }

    /// What signs its sessions; there once it is open.
    pub fn keys(&self) -> anyhow::Result<Keys> {
        let file = match self {
            Self::Own(plan) => plan.data_dir.join("keys.json"),
            Self::Stack(stack) => stack.dir.join("apps/keys.json"),
        };
        Keys::load(&file).context("the house's keys cannot be read")
    }

    /// Where claims go in: past the balancer, which is not ours to measure.
    pub fn claim_doors(&self) -> anyhow::Result<Vec<SocketAddrV4>> {
        match self {
            Self::Own(plan) => Ok(vec![plan.listen]),
            Self::Stack(stack) => Ok(stack.publishers()?.into_iter().map(|door| door.addr).collect()),
        }
    }

    /// Everybody who works here, by name.
    pub fn processes(&self, doors: &Doors) -> anyhow::Result<Vec<(String, u32)>> {
        match (self, doors) {
            (Self::Stack(stack), _) => {
                let pid = |name: String| {
                    let running: Running = read(&stack.dir.join("run").join(format!("{name}.pid")))?;
                    Ok((name, running.pid))
                };
                servers(&stack.dir)?.into_iter().map(pid).collect()
            }
            (Self::Own(_), Doors::Own(server)) => {
                Ok(vec![("miaosha".to_owned(), server.pid().context("the server is gone")?)])
            }
            (Self::Own(_), Doors::Stack) => Ok(vec![]),
        }
    }
}

/// The names of all servers of a stack.
fn servers(stack: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = vec![];
    for entry in fs::read_dir(stack.join("run")).context("there is no stack")? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "pid")
            && let Some(name) = path.file_stem()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} does not read", file.display()))
}
