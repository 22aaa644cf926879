//! The server: the real binary as a child of ours: start, ready, kill, stop.

mod usage;

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::buyer::http::{Call, Http};
pub use usage::Usage;

/// A start that is not ready after this long has failed.
pub const READY_WAIT: Duration = Duration::from_secs(20);
/// A graceful stop that takes longer is a hang.
pub const STOP_WAIT: Duration = Duration::from_secs(30);
const READY_POLL: Duration = Duration::from_millis(20);
const READY_ANSWER_WAIT: Duration = Duration::from_secs(1);
/// How much of the log's end is shown after a failure.
const TAIL_BYTES: u64 = 6_000;

/// What is started, the same each time.
#[derive(Clone, Debug)]
pub struct ServerPlan {
    pub exe: PathBuf,
    pub listen: SocketAddrV4,
    pub data_dir: PathBuf,
    pub log: PathBuf,
    pub staff_email: String,
    pub staff_password: String,
    /// Settings beside those.
    pub env: Vec<(String, String)>,
}

/// A running child. Dropped, it is killed.
pub struct Server {
    child: Child,
}

impl ServerPlan {
    /// Starts the binary; its output is added to the log.
    pub fn start(&self) -> anyhow::Result<Server> {
        let log =
            OpenOptions::new().create(true).append(true).open(&self.log).context("cannot open the server's log")?;
        let child = Command::new(&self.exe)
            .arg("--listen")
            .arg(self.listen.to_string())
            .arg("--data-dir")
            .arg(&self.data_dir)
            // Its sale would be open for ever, and the verdict judges an end only where everything ended.
            .arg("--no-demo")
            .env("MIAOSHA_STAFF_EMAIL", &self.staff_email)
            .env("MIAOSHA_STAFF_PASSWORD", &self.staff_password)
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Its own group: a Ctrl-C at the terminal is ours, and we stop it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", self.exe.display()))?;
        Ok(Server { child })
    }

    /// Starts it and waits until it answers ready.
    pub async fn start_ready(&self) -> anyhow::Result<Server> {
        let mut server = self.start()?;
        server.ready(self.listen).await?;
        Ok(server)
    }
}

impl Server {
    /// Waits for 200 on /readyz. Errors: the child ended, or [`READY_WAIT`] passed.
    pub async fn ready(&mut self, listen: SocketAddrV4) -> anyhow::Result<()> {
        let mut http = Http::new(Ipv4Addr::LOCALHOST, listen);
        let give_up = Instant::now() + READY_WAIT;
        let mut last = String::from("nothing");
        while Instant::now() < give_up {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it was ready: {status}");
            }
            match timeout(READY_ANSWER_WAIT, http.call(&Call::get("/readyz"))).await {
                Ok(Ok(answer)) if answer.status == 200 => return Ok(()),
                Ok(Ok(answer)) => last = answer.status.to_string(),
                Ok(Err(lost)) => last = lost.to_string(),
                Err(_) => last = "no answer".into(),
            }
            sleep(READY_POLL).await;
        }
        bail!("waited {} s for the server to be ready; last heard: {last}", READY_WAIT.as_secs())
    }

    /// Waits for its end, whatever the cause. Safe to drop and call again.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// kill -9, and waits until it is gone.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.start_kill().context("cannot kill the server: it had already ended by itself")?;
        let status = self.child.wait().await?;
        if status.code().is_some() {
            bail!("the server had ended by itself before the kill: {status}");
        }
        Ok(())
    }

    /// Asks it to stop and waits until it has. Errors: it ended badly, or [`STOP_WAIT`] passed (then it is killed).
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
            bail!("the server ended before it was asked to");
        };
        kill_process(pid, Signal::TERM).context("cannot ask the server to stop")?;
        match timeout(STOP_WAIT, self.child.wait()).await {
            Ok(status) => {
                let status = status?;
                if !status.success() {
                    bail!("the server stopped badly: {status}");
                }
                Ok(())
            }
            Err(_) => bail!("waited {} s for the server to stop", STOP_WAIT.as_secs()),
        }
    }

    /// `None` where it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it takes of the machine; `None` where it has ended.
    pub fn usage(&self) -> Option<Usage> {
        Usage::of(self.child.id()?)
    }
}

/// A port of 127.0.0.1 that nobody has now.
pub fn free_port() -> anyhow::Result<SocketAddrV4> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, listener.local_addr()?.port()))
}

/// The last lines of a log; empty where there is none.
pub fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(folder: &Path, exe: &str) -> ServerPlan {
        ServerPlan {
            exe: exe.into(),
            listen: free_port().unwrap(),
            data_dir: folder.join("data"),
            log: folder.join("server.log"),
            staff_email: String::new(),
            staff_password: String::new(),
            env: vec![],
        }
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_told_from_one_that_is_slow() {
        let folder = tempfile::tempdir().unwrap();
        let Err(error) = plan(folder.path(), "/bin/false").start_ready().await else { panic!("ready?") };
        assert!(error.to_string().contains("ended before it was ready"), "{error}");
    }

    #[tokio::test]
    async fn a_log_is_shown_from_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, format!("{}the end", "x".repeat(20_000))).unwrap();
        assert!(tail(&log).len() == TAIL_BYTES as usize && tail(&log).ends_with("the end"));
        assert_eq!(tail(&folder.path().join("none")), "");
    }
}
