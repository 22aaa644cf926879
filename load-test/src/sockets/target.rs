//! The target: a server that sockets are held on, ours or another one, as a child process.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use sale::ids::SaleId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{
    buyer::http::{Call, Http},
    house::{Door, Stack},
    server::{Server, ServerPlan, free_port},
    staff::{Planned, Staff},
};

/// A peer that does not answer after this long does not run.
const PEER_READY_WAIT: Duration = Duration::from_secs(20);
/// Staff open a sale so long before it opens.
const OPENING_NOTICE: Duration = Duration::from_secs(10);
/// Longer than any run.
const SALE_IN: Duration = Duration::from_secs(24 * 3600);
/// Peers say as much as a sale's frame has.
pub const SNAPSHOT_BYTES: usize = 480;

/// Against whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// Our own server, whole: journal, schedule, every duty of a socket.
    Ours,
    /// One poll that keeps nothing but descriptors: what the kernel takes.
    Floor,
    /// axum as it comes.
    Axum,
    /// axum with small buffers.
    AxumTuned,
    /// The Node library of that name.
    Ws,
    /// Socket.IO, over WebSocket alone.
    Socketio,
}

/// How a client speaks to it.
#[derive(Clone, Debug)]
pub struct Dialect {
    pub path: String,
    pub protocol: Option<String>,
    pub say: String,
}

pub enum Target {
    /// `server`: ours to stop; none where a stack runs it.
    Ours {
        server: Option<Server>,
        staff: Box<Staff>,
        sale: SaleId,
        paused: bool,
        opened: bool,
    },
    Peer {
        child: Child,
    },
}

/// A running target.
pub struct Running {
    pub target: Target,
    /// Its doors, and the process behind each.
    pub doors: Vec<Door>,
    pub dialect: Dialect,
}

impl Against {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "floor",
            Self::Axum => "axum",
            Self::AxumTuned => "axum-tuned",
            Self::Ws => "ws",
            Self::Socketio => "socketio",
        }
    }
}

impl Running {
    /// One process of our own.
    pub async fn ours(plan: &ServerPlan) -> anyhow::Result<Self> {
        let server = plan.start_ready().await?;
        let doors = vec![Door { addr: plan.listen, pid: server.pid().context("the server is gone")? }];
        let staff = Staff::sign_in(plan.listen, &plan.staff_email, &plan.staff_password).await?;
        Self::with_sale(Some(server), staff, doors).await
    }

    /// Every publisher of a stack, each by its own door.
    pub async fn fleet(stack: &Stack) -> anyhow::Result<Self> {
        stack.ready().await?;
        let staff = Staff::sign_in(stack.balancer, &stack.staff_email, &stack.staff_password).await?;
        Self::with_sale(None, staff, stack.publishers()?).await
    }

    async fn with_sale(server: Option<Server>, mut staff: Staff, doors: Vec<Door>) -> anyhow::Result<Self> {
        let planned = Planned {
            units: 100,
            standby: 100,
            hold_s: 60,
            purchase_limit: 1,
            opens_in: SALE_IN,
            open_for: SALE_IN,
            comebacks: 0,
        };
        let sale = staff.plan(planned).await?.sale_id;
        let say = json!({"type": "watch", "sale_ids": [sale]}).to_string();
        let dialect = Dialect { path: "/api/v1/live".into(), protocol: Some("miaosha.v1".into()), say };
        let target = Target::Ours { server, staff: Box::new(staff), sale, paused: false, opened: false };
        Ok(Self { target, doors, dialect })
    }

    /// `node`: the program that runs the two that are written for it; `peers`: their folder.
    pub async fn peer(against: Against, node: &str, peers: &std::path::Path) -> anyhow::Result<Self> {
        let addr = free_port()?;
        let own = std::env::current_exe()?;
        let script = |name: &str| -> anyhow::Result<(PathBuf, Vec<String>)> {
            let script = peers.join(name);
            anyhow::ensure!(
                peers.join("node_modules").is_dir(),
                "no modules in {}: `npm ci` there first",
                peers.display()
            );
            Ok((node.into(), vec![script.display().to_string()]))
        };
        let (program, mut words) = match against {
            Against::Floor => (own, vec!["floor".into(), "--listen".into()]),
            Against::Axum => (own, vec!["peer".into(), "axum".into(), "--listen".into()]),
            Against::AxumTuned => (own, vec!["peer".into(), "axum-tuned".into(), "--listen".into()]),
            Against::Ws => script("ws.js")?,
            Against::Socketio => script("socketio.js")?,
            Against::Ours => bail!("our own server is no peer"),
        };
        words.push(addr.to_string());
        let mut command = Command::new(program);
        command.args(words).env("SNAPSHOT_BYTES", SNAPSHOT_BYTES.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start the peer {}", against.name()))?;
        let (path, say) = match against {
            Against::Socketio => ("/socket.io/?EIO=4&transport=websocket", "40"),
            _ => ("/", r#"{"type":"watch"}"#),
        };
        let dialect = Dialect { path: path.into(), protocol: None, say: say.into() };
        let doors = vec![Door { addr, pid: child.id().context("the peer is gone")? }];
        let mut running = Self { target: Target::Peer { child }, doors, dialect };
        running.answers().await?;
        Ok(running)
    }

    async fn answers(&mut self) -> anyhow::Result<()> {
        let give_up = Instant::now() + PEER_READY_WAIT;
        while Instant::now() < give_up {
            if let Target::Peer { child } = &mut self.target
                && let Some(status) = child.try_wait()?
            {
                bail!("the peer ended before it answered: {status}");
            }
            if self.call("/").await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("waited {} s for the peer to answer", PEER_READY_WAIT.as_secs())
    }

    async fn call(&self, path: &str) -> anyhow::Result<()> {
        for door in &self.doors {
            Http::new(Ipv4Addr::LOCALHOST, door.addr).call(&Call::get(path)).await?;
        }
        Ok(())
    }

    pub fn addrs(&self) -> Vec<SocketAddrV4> {
        self.doors.iter().map(|door| door.addr).collect()
    }

    /// Makes it tell everybody something. Ours: the sale's opening first, then a pause and its end in turn. Returns how long
    /// it takes until that is due.
    pub async fn tell(&mut self) -> anyhow::Result<Duration> {
        let Target::Ours { staff, sale, paused, opened, .. } = &mut self.target else {
            self.call("/broadcast").await?;
            return Ok(Duration::ZERO);
        };
        let (sale, first) = (*sale, !std::mem::replace(opened, true));
        if first {
            // The answer may come late: everybody is told of the new opening at once.
            let asked = Instant::now();
            staff.switch(sale, "open", json!({})).await?;
            return Ok(OPENING_NOTICE.saturating_sub(asked.elapsed()));
        }
        *paused = !*paused;
        staff.switch(sale, if *paused { "pause" } else { "resume" }, json!({})).await?;
        Ok(Duration::ZERO)
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        match self.target {
            Target::Ours { server: Some(server), .. } => server.stop().await,
            Target::Ours { .. } => Ok(()),
            Target::Peer { mut child } => Ok(child.kill().await?),
        }
    }
}
