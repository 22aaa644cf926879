//! PostgreSQL: a primary, and a replica that streams from it.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    ports::{Network, chance},
    probe::Probe,
    server::{Launch, Server, Stop},
    setup::{am_root, run},
};

/// May do everything; for setting up and watching.
pub const SUPERUSER: &str = "postgres";
/// The sale's own: owns its database, may create more.
const USER: &str = "miaosha";
/// The database that is always there.
const FIRST_DATABASE: &str = "postgres";
/// PostgreSQL refuses to run as root; Debian brings this user for it.
const SYSTEM_USER: &str = "postgres";
const BASE: &str = "/usr/lib/postgresql";
const PRIMARY_HOST: u8 = 31;
const REPLICA_HOST: u8 = 32;
const CONNECTIONS_MAX: u32 = 200;

/// The database of one stack.
#[derive(Clone, Debug)]
pub struct Postgres {
    pub primary: Server,
    pub replica: Server,
}

/// `postgres://` of the sale's database at this address.
pub fn url(addr: SocketAddr) -> String {
    format!("postgres://{USER}@{addr}/{USER}")
}

/// A program of the newest PostgreSQL that is installed.
pub fn program(name: &str) -> Result<PathBuf> {
    let versions = fs::read_dir(BASE).with_context(|| format!("cannot read {BASE}: is PostgreSQL installed?"))?;
    let version = |path: &Path| path.file_name().and_then(|v| v.to_str()?.parse::<u32>().ok());
    let folders = versions.flatten().map(|entry| entry.path());
    let programs = folders.filter_map(|folder| Some((version(&folder)?, folder.join("bin").join(name))));
    let newest = programs.filter(|(_, file)| file.is_file()).max().map(|(_, file)| file);
    newest.with_context(|| format!("there is no {name} in {BASE}"))
}

/// Makes the primary, starts it, and makes and starts its replica. Returns where the two answer.
pub fn start(stack: &Path, network: Network) -> Result<(SocketAddr, SocketAddr)> {
    let home = home(stack)?;
    let (primary, replica) = (network.free(PRIMARY_HOST)?, network.free(REPLICA_HOST)?);
    let data = home.join("primary");
    let text = data.to_string_lossy();
    let initdb = ["--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-k", "-N", "-U", SUPERUSER, "-D", &text];
    run_program(&home, "initdb", &initdb)?;
    trust_loopback(&data)?;
    let server = Server::add(stack, launch("postgres", &data, primary)?.probe(Probe::Postgres(primary)))?;
    server.start()?;
    server.wait_ready()?;
    for statement in
        [format!("CREATE ROLE {USER} LOGIN CREATEDB CREATEROLE"), format!("CREATE DATABASE {USER} OWNER {USER}")]
    {
        sql(&home, primary, FIRST_DATABASE, &statement)?;
    }
    copy(&home, primary)?;
    let probe = Probe::PostgresReplica(replica);
    Server::add(stack, launch("postgres-replica", &home.join("replica"), replica)?.probe(probe))?.start()?;
    Ok((primary, replica))
}

/// The replica's first copy: it brings its own slot, so that the primary keeps what it has not read.
fn copy(home: &Path, primary: SocketAddr) -> Result<()> {
    let (ip, port, data) = (primary.ip().to_string(), primary.port().to_string(), home.join("replica"));
    let from = ["-h", &ip, "-p", &port, "-U", SUPERUSER, "-D", &data.to_string_lossy()];
    let how = ["-R", "-X", "stream", "-C", "-S", "replica1", "-c", "fast", "--no-sync"];
    run_program(home, "pg_basebackup", &[from.as_slice(), how.as_slice()].concat())
}

/// Also clients with a loopback address of their own.
fn trust_loopback(data: &Path) -> Result<()> {
    let mut file = fs::File::options().append(true).open(data.join("pg_hba.conf"))?;
    Ok(file.write_all(b"host all,replication all 127.0.0.0/8 trust\n")?)
}

fn launch(name: &str, data: &Path, at: SocketAddr) -> Result<Launch> {
    let program = program("postgres")?.to_string_lossy().into_owned();
    let words = as_system_user(vec![program, "-D".into(), data.to_string_lossy().into_owned()]);
    let settings = [
        format!("listen_addresses={}", at.ip()),
        format!("port={}", at.port()),
        format!("max_connections={CONNECTIONS_MAX}"),
        // Its path would be longer than a socket's may be, in some folders.
        "unix_socket_directories=".into(),
    ];
    let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
    let (program, args) = words.split_first().context("no words")?;
    Ok(Launch::new(name, program, data)
        .args(args)
        .args(settings)
        .env("HOME", data.to_string_lossy())
        // The fast shutdown; TERM would wait for every client to go.
        .stop(Stop::Int)
        .leaves(data.join("postmaster.pid")))
}

/// Root becomes the database's own user; `setpriv` then becomes the program, so the pid stays.
fn as_system_user(words: Vec<String>) -> Vec<String> {
    if !am_root() {
        return words;
    }
    let (user, group) = (format!("--reuid={SYSTEM_USER}"), format!("--regid={SYSTEM_USER}"));
    let mut all: Vec<String> = vec!["setpriv".into(), user, group, "--init-groups".into(), "--".into()];
    all.extend(words);
    all
}

fn run_program(home: &Path, name: &str, args: &[&str]) -> Result<()> {
    let mut words = vec![program(name)?.to_string_lossy().into_owned()];
    words.extend(args.iter().map(|&arg| arg.to_owned()));
    let words = as_system_user(words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run(&words, home).map(drop)
}

/// Runs a statement as the superuser. Returns what it prints, unaligned and without titles.
fn sql(folder: &Path, at: SocketAddr, database: &str, statement: &str) -> Result<String> {
    let psql = program("psql")?;
    let (psql, ip, port) = (psql.to_string_lossy(), at.ip().to_string(), at.port().to_string());
    let to = ["-h", &ip, "-p", &port, "-U", SUPERUSER, "-d", database];
    run(&[&[&*psql], to.as_slice(), &["-qAtXc", statement]].concat(), folder)
}

/// The folder of both, which the database's own user owns and can reach.
///
/// Where the stack lies in somebody's closed home, the data lies elsewhere and the stack has a link to it.
fn home(stack: &Path) -> Result<PathBuf> {
    let home = stack.join("postgres");
    if !am_root() {
        fs::create_dir_all(&home)?;
        return Ok(home);
    }
    if reachable(stack) {
        fs::create_dir_all(&home)?;
    } else {
        let elsewhere = std::env::temp_dir().join(format!("stack-postgres-{:016x}", chance()));
        fs::create_dir_all(&elsewhere)?;
        symlink(&elsewhere, &home)?;
    }
    // What the kernel calls a process's folder has no links in it.
    let home = home.canonicalize()?;
    run(&["chown", SYSTEM_USER, &home.to_string_lossy()], stack)?;
    Ok(home)
}

fn reachable(folder: &Path) -> bool {
    let words = as_system_user(vec!["test".into(), "-x".into(), folder.to_string_lossy().into_owned()]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run(&words, Path::new("/")).is_ok()
}

impl Postgres {
    pub fn of(stack: &Path) -> Result<Self> {
        Ok(Self { primary: Server::find(stack, "postgres")?, replica: Server::find(stack, "postgres-replica")? })
    }

    /// Both answer, and the replica streams.
    pub fn is_ready(&self) -> bool {
        self.primary.is_ready() && self.replica.is_ready()
    }

    /// The primary stops without writing a checkpoint, as after a loss of power, and recovers from its log.
    pub fn restart_immediate(&self) -> Result<()> {
        self.primary.ask_to_stop(Stop::Quit);
        self.primary.wait_stopped()?;
        self.primary.start()?;
        self.primary.wait_ready()
    }

    /// Runs a statement on the primary as the superuser. Returns what it prints, unaligned and without titles.
    pub fn sql(&self, statement: &str) -> Result<String> {
        self.run_in(FIRST_DATABASE, statement)
    }

    /// The same in the database of our programs.
    pub fn journal_sql(&self, statement: &str) -> Result<String> {
        self.run_in(USER, statement)
    }

    fn run_in(&self, database: &str, statement: &str) -> Result<String> {
        sql(Path::new("/"), self.addr()?, database, statement)
    }

    /// Where the primary answers.
    pub fn addr(&self) -> Result<SocketAddr> {
        match self.primary.launch().probe {
            Probe::Postgres(at) => Ok(at),
            _ => anyhow::bail!("{} is no primary", self.primary.name()),
        }
    }
}
