//! The process: what a server does around its work, from its flags to its exit code.
//!
//! Two doors: a public one for the work, and an internal one for `/livez`, `/readyz` and `/metrics`, which opens first and
//! closes last, so that whoever watches sees a start and a stop as they go.

// A command line speaks on its standard output, and says on the other one why it ends.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    pin::{Pin, pin},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    clock::OsChance,
    config::{self, ConfigError, Dur, Overrides},
    http::{
        self, ServeConfig, Served,
        health::{self, Check, Checks},
    },
    lifecycle::Lifecycle,
    telemetry::{self, Format, SpansConfig},
    tokens::Keys,
};

mod flags;
use flags::Cli;
pub use flags::Flags;

/// The sections `[server]` and `[http]`, and how settings come together.
const MANUAL: &str = include_str!("process/defaults.toml");
/// Settings from the environment begin so.
pub const ENV_PREFIX: &str = "MIAOSHA_";
/// Whoever asks the internal door while everything else has stopped gets this long.
const ADMIN_STOP_WAIT: Duration = Duration::from_millis(500);

/// Whoever asks whether a server is ready waits this long; its own checks take up to 2 s.
const READY_WAIT: Duration = Duration::from_secs(4);

/// One server program: who it is, and its sections of the manual beside those that all have.
pub struct Program {
    pub name: &'static str,
    pub about: &'static str,
    pub version: &'static str,
    pub manual: &'static [&'static str],
    /// Variables under [`ENV_PREFIX`] that are no settings.
    pub elsewhere: &'static [&'static str],
}

/// What a server's opening hands back: what is served, what it cannot be ready without, and how it is closed at the very end.
pub struct House {
    pub served: Served,
    pub checks: Vec<Check>,
    pub close: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The sections that all servers have.
#[derive(Clone, Debug, Deserialize)]
struct Doors {
    server: ServerConfig,
    telemetry: SpansConfig,
    http: ServeConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerConfig {
    listen: SocketAddr,
    admin_listen: SocketAddr,
    log_format: Format,
    log_filter: String,
    stop_limit: Dur,
}

impl Program {
    /// Every setting with its default and meaning.
    pub fn manual(&self) -> String {
        [&[MANUAL], self.manual].concat().join("\n")
    }

    /// Reads the settings: `C` is the server's own sections.
    pub fn load<C: DeserializeOwned>(&self, flags: &Flags) -> Result<C, ConfigError> {
        let overrides = flags.over(Overrides::new().elsewhere(self.elsewhere));
        config::load(&self.manual(), flags.config.as_deref(), ENV_PREFIX, overrides)
    }

    /// Runs the server: reads flags and settings, opens it, serves until a signal, drains, and says how it went.
    ///
    /// Exit: 0 after a soft stop that everybody followed; 1 where it could not start, a role panicked, or somebody had to be cut.
    pub fn main<C, F>(&self, open: impl FnOnce(C, Lifecycle) -> F) -> ExitCode
    where
        C: DeserializeOwned,
        F: Future<Output = anyhow::Result<House>>,
    {
        let Cli { flags, new_keys, is_ready } = Cli::of(self.name, self.about, self.version);
        if flags.manual {
            print!("{}", self.manual());
            return ExitCode::SUCCESS;
        }
        if new_keys {
            println!("{}", Keys::random(&OsChance).to_text());
            return ExitCode::SUCCESS;
        }
        if is_ready {
            return ended(self.name, self.load(&flags).map_err(Into::into).and_then(|doors: Doors| doors.are_open()));
        }
        ended(self.name, self.run(&flags, open))
    }

    fn run<C, F>(&self, flags: &Flags, open: impl FnOnce(C, Lifecycle) -> F) -> anyhow::Result<()>
    where
        C: DeserializeOwned,
        F: Future<Output = anyhow::Result<House>>,
    {
        let doors: Doors = self.load(flags)?;
        doors.http.check()?;
        let config = self.load(flags)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let inside = runtime.enter();
        let ServerConfig { log_format, log_filter, .. } = &doors.server;
        telemetry::init_with_spans(self.name, *log_format, log_filter, &doors.telemetry)?;
        drop(inside);
        let done = runtime.block_on(doors.serve(self.name, |life| open(config, life)));
        telemetry::flush_spans();
        done
    }
}

impl Doors {
    /// Asks the internal door of another process with these settings.
    fn are_open(&self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect_timeout(&self.server.admin_listen, READY_WAIT)?;
        stream.set_read_timeout(Some(READY_WAIT))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut told = String::new();
        stream.read_to_string(&mut told)?;
        if told.starts_with("HTTP/1.1 200") { Ok(()) } else { bail!("{}", told.lines().last().unwrap_or("no answer")) }
    }

    async fn serve<F>(self, name: &'static str, open: impl FnOnce(Lifecycle) -> F) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<House>>,
    {
        let started = Instant::now();
        // Both before anything is opened: a second copy must not get further than this.
        let (public, admin) = (http::bind(self.server.listen)?, http::bind(self.server.admin_listen)?);
        let (listen, admin_listen) = (public.local_addr()?, admin.local_addr()?);
        let (life, indoors, checks) = (Lifecycle::new(), Lifecycle::new(), Checks::default());
        telemetry::spawn_upkeep(&life);
        let probes = health::routes(life.clone(), checks.clone());
        indoors.spawn("internal door", http::serve(admin, probes, ServeConfig::default(), indoors.clone()));
        let mut signal = pin!(life.wait_signal());
        let house = tokio::select! {
            biased;
            signal = signal.as_mut() => { signal?; bail!("stopped before it was open") }
            house = open(life.clone()) => house?,
        };
        checks.extend(house.checks);
        life.set_ready(true);
        life.spawn("public door", http::serve(public, house.served, self.http, life.clone()));
        tracing::info!(%listen, %admin_listen, took_ms = started.elapsed().as_millis() as u64, "{name} is open");
        signal.await.context("cannot wait for signals")?;
        let cut = life.stop(self.server.stop_limit.get()).await;
        house.close.await;
        tracing::info!(cut = cut.len(), "{name} is closed");
        indoors.stop(ADMIN_STOP_WAIT).await;
        well(&life, &cut)
    }
}

/// Whether the process ended as it should.
pub fn well(life: &Lifecycle, cut: &[&'static str]) -> anyhow::Result<()> {
    if life.has_panicked() {
        bail!("a role panicked, which ended everything: its log line says where");
    }
    if !cut.is_empty() {
        bail!("these tasks did not end in time and were cut: {}", cut.join(", "));
    }
    Ok(())
}

/// The exit code, and on failure one line that says why.
pub fn ended(name: &str, result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: Program =
        Program { name: "shop", about: "", version: "1", manual: &["[till]\ncoins = 3\n"], elsewhere: &[] };

    #[derive(Deserialize)]
    struct Own {
        till: Till,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Till {
        coins: u32,
    }

    #[test]
    fn a_program_reads_its_own_sections_and_those_that_all_have_from_one_manual() {
        let own: Own = PROGRAM.load(&Flags::default()).unwrap();
        assert_eq!(own.till.coins, 3);
        let doors: Doors = PROGRAM.load(&Flags::default()).unwrap();
        doors.http.check().unwrap();
        assert_ne!(doors.server.listen, doors.server.admin_listen);
    }

    #[test]
    fn an_end_that_cut_somebody_is_no_success() {
        let life = Lifecycle::new();
        assert!(well(&life, &[]).is_ok());
        assert!(well(&life, &["relay"]).unwrap_err().to_string().contains("relay"));
    }
}
