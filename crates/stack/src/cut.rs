//! Cutting off: packets to and from a loopback address vanish, silently, until it is healed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::setup::{am_root, which};

/// The addresses of one stack that are cut off: a set in a table of its own.
#[derive(Clone, Debug)]
pub struct Cuts {
    table: String,
}

impl Cuts {
    pub fn of(stack: &Path) -> Self {
        let mut hasher = DefaultHasher::new();
        stack.hash(&mut hasher);
        Self { table: format!("stack_{:016x}", hasher.finish()) }
    }

    /// From now on nobody hears this address, and it hears nobody. Connections stay open and silent.
    pub fn cut(&self, address: IpAddr) -> Result<()> {
        ensure!(address != IpAddr::V4(Ipv4Addr::LOCALHOST), "{address} is everybody's: it cannot be cut off alone");
        self.change(&format!("add element inet {} cut {{ {address} }}", self.table))
    }

    /// From now on the other servers and this address do not hear each other; who has no address of its own, as our programs
    /// (they speak from 127.0.0.1), goes on talking to it.
    pub fn cut_from_peers(&self, address: IpAddr) -> Result<()> {
        self.change(&format!("add element inet {} alone {{ {address} }}", self.table))
    }

    /// Of either kind of cut. Repeat: an address that is not cut stays so.
    pub fn heal(&self, address: IpAddr) -> Result<()> {
        let table = &self.table;
        let heal = |set| {
            format!(
                "add element inet {table} {set} {{ {address} }}\ndelete element inet {table} {set} {{ {address} }}\n"
            )
        };
        self.change(&format!("{}{}", heal("cut"), heal("alone")))
    }

    /// Heals all and leaves nothing in the kernel. Where nothing was ever cut this is no work.
    pub fn heal_all(&self) -> Result<()> {
        if !am_root() || which("nft").is_none() {
            return Ok(());
        }
        nft(&format!("add table inet {0}\ndelete table inet {0}\n", self.table))
    }

    /// The table as it must be, and the change; all of it can be said again.
    fn change(&self, change: &str) -> Result<()> {
        ensure!(am_root() && which("nft").is_some(), "cutting off needs root and nft (apt-get install nftables)");
        let table = &self.table;
        nft(&format!(
            "add table inet {table}
add set inet {table} cut {{ type ipv4_addr; }}
add set inet {table} alone {{ type ipv4_addr; }}
add chain inet {table} hear {{ type filter hook input priority 0; policy accept; }}
flush chain inet {table} hear
add rule inet {table} hear ip saddr @cut drop
add rule inet {table} hear ip daddr @cut drop
add rule inet {table} hear ip saddr @alone ip daddr != 127.0.0.1 drop
add rule inet {table} hear ip daddr @alone ip saddr != 127.0.0.1 drop
{change}
"
        ))
    }
}

/// All lines or none.
fn nft(lines: &str) -> Result<()> {
    let nft = which("nft").context("there is no nft")?;
    let mut command = Command::new(nft);
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start nft")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(lines.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("the kernel refuses to cut off: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
