//! The whole stack: all servers of one folder, started together, found again, and ended without a trace.

use std::{
    fs::{self, File, TryLockError},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    Running, aws,
    cut::Cuts,
    nginx::{self, Nginx},
    ports::{Network, free_ports},
    postgres::{self, Postgres},
    process::Process,
    progress::say,
    rabbit::{self, Rabbit},
    redis::{self, Redis},
    server::{Layer, Server},
    sink,
};

/// Which servers a stack has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    pub redis: bool,
    pub rabbit: bool,
    pub postgres: bool,
    pub nginx: bool,
    /// The AWS stand-in and the mail sink.
    pub aws: bool,
}

impl Parts {
    pub const NONE: Self = Self { redis: false, rabbit: false, postgres: false, nginx: false, aws: false };
    pub const ALL: Self = Self { redis: true, rabbit: true, postgres: true, nginx: true, aws: true };
}

/// What `up` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing: all is new.
    Nothing,
    /// All of it ran already.
    Running,
    /// These did not run, and do again, with what they had stored.
    Stopped(Vec<String>),
}

/// A stack that was started. It outlives its process, unless it is [owned](Self::start).
#[derive(Debug)]
pub struct Stack {
    running: Running,
    owned: bool,
}

impl Stack {
    /// A new stack that ends with this handle, for one test. What an earlier one left in this folder is ended and removed first.
    pub fn start(folder: &Path, parts: Parts) -> Result<Self> {
        wipe(folder)?;
        let (mut stack, _) = Self::up(folder, parts)?;
        stack.owned = true;
        Ok(stack)
    }

    /// The stack of this folder, running: left alone if it runs, repaired if some of it does not, new if there is none.
    ///
    /// It outlives its starter, until [`down`]. Errors: a server that does not get ready, with the end of its log.
    pub fn up(folder: &Path, parts: Parts) -> Result<(Self, Found)> {
        let folder = make(folder)?;
        let _one_at_a_time = lock(&folder)?;
        if let Ok(running) = Running::read(&folder) {
            let stack = Self { running, owned: false };
            let found = stack.repair().with_context(|| {
                format!(
                    "the stack in {} does not come back; start it anew after `cargo xtask down --wipe`",
                    folder.display()
                )
            })?;
            return Ok((stack, found));
        }
        // A start that was interrupted left no word of where it answers, so nobody can use it.
        end(&folder)?;
        empty(&folder)?;
        Ok((Self { running: create(&folder, parts)?, owned: false }, Found::Nothing))
    }

    /// The stack of this folder, as it is.
    pub fn open(folder: &Path) -> Result<Self> {
        Ok(Self { running: Running::read(folder)?, owned: false })
    }

    /// The stack that [`STACK_ENV`](crate::STACK_ENV) names.
    pub fn from_env() -> Result<Self> {
        Ok(Self { running: Running::from_env()?, owned: false })
    }

    pub fn running(&self) -> &Running {
        &self.running
    }

    fn dir(&self) -> &Path {
        &self.running.dir
    }

    pub fn redis(&self) -> Result<Redis> {
        Redis::of(self.dir())
    }

    pub fn rabbit(&self) -> Result<Rabbit> {
        Rabbit::of(self.dir())
    }

    pub fn postgres(&self) -> Result<Postgres> {
        Postgres::of(self.dir())
    }

    pub fn nginx(&self) -> Result<Nginx> {
        Nginx::of(self.dir())
    }

    /// A server by its name, such as `redis-1` or `postgres-replica`.
    pub fn server(&self, name: &str) -> Result<Server> {
        Server::find(self.dir(), name)
    }

    /// All of them, the ground first.
    pub fn servers(&self) -> Result<Vec<Server>> {
        Server::all(self.dir())
    }

    /// Silence to and from the address of one server.
    pub fn cut(&self, address: IpAddr) -> Result<()> {
        Cuts::of(self.dir()).cut(address)
    }

    /// Only its peers: our programs still reach it.
    pub fn cut_from_peers(&self, address: IpAddr) -> Result<()> {
        Cuts::of(self.dir()).cut_from_peers(address)
    }

    pub fn heal(&self, address: IpAddr) -> Result<()> {
        Cuts::of(self.dir()).heal(address)
    }

    pub fn heal_all(&self) -> Result<()> {
        Cuts::of(self.dir()).heal_all()
    }

    /// Every server answers.
    pub fn is_ready(&self) -> bool {
        self.servers().is_ok_and(|servers| servers.iter().all(Server::is_ready))
    }

    /// Starts what does not run, layer by layer; what was paused or cut off goes on.
    fn repair(&self) -> Result<Found> {
        self.heal_all()?;
        let servers = self.servers()?;
        let rests = |server: &&Server| server.process().is_none_or(|process| process.is_paused());
        let stopped: Vec<String> = servers.iter().filter(rests).map(|server| server.name().to_owned()).collect();
        for layer in [Layer::Ground, Layer::Store, Layer::App, Layer::Edge] {
            let of_layer = || servers.iter().filter(|server| server.launch().layer == layer);
            for server in of_layer() {
                server.process().iter().for_each(Process::resume);
                server.start()?;
            }
            of_layer().try_for_each(Server::wait_ready)?;
        }
        Ok(if stopped.is_empty() { Found::Running } else { Found::Stopped(stopped) })
    }

    /// Ends an owned stack with everything it had.
    pub fn stop(mut self) -> Result<()> {
        self.owned = false;
        wipe(self.dir()).map(drop)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.owned
            && let Err(error) = wipe(self.dir())
        {
            say(&format!("cannot end the stack in {}: {error:#}", self.dir().display()));
        }
    }
}

/// Starts new servers side by side, and leaves word of them when all answer.
fn create(folder: &Path, parts: Parts) -> Result<Running> {
    let begun = Instant::now();
    let network = Network::new();
    let mut running = Running { dir: folder.to_owned(), ..Running::default() };
    let nodes = if parts.redis { redis::start(folder, network)? } else { vec![] };
    running.redis = nodes.iter().map(|addr| format!("redis://{addr}")).collect();
    if parts.rabbit {
        let doors = rabbit::start(folder, network)?;
        running.amqp = doors.amqp_url();
        running.rabbit_management = doors.management_url();
        running.rabbit_metrics = doors.metrics_url();
    }
    if parts.postgres {
        let (primary, replica) = postgres::start(folder, network)?;
        running.postgres = postgres::url(primary);
        running.postgres_replica = postgres::url(replica);
    }
    if parts.aws {
        running.aws = aws::url(aws::start(folder, network)?);
        running.smtp = sink::start(folder, network)?.to_string();
    }
    if parts.nginx {
        running.nginx = format!("http://{}", open_door(folder)?);
    }
    if parts.redis {
        redis::join(folder, &nodes)?;
        Redis::of(folder)?.wait_ready()?;
    }
    Server::all(folder)?.iter().try_for_each(Server::wait_ready)?;
    running.write()?;
    say(&format!("{} servers are ready after {:.1?}", Server::all(folder)?.len(), begun.elapsed()));
    Ok(running)
}

/// On 127.0.0.1, where people look for it.
fn open_door(folder: &Path) -> Result<SocketAddr> {
    let [listen] = free_ports(IpAddr::V4(Ipv4Addr::LOCALHOST))?;
    nginx::start(folder, &nginx::Plan::new(listen))?;
    Ok(listen)
}

/// Stops every server of the folder, the outermost layer first; what they stored stays for the next `up`.
///
/// Repeat: where nothing runs this is no work. Returns the names of those that ran.
pub fn down(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(vec![]);
    }
    let folder = folder.canonicalize()?;
    let _one_at_a_time = lock(&folder)?;
    end(&folder)
}

/// Ends every server of the folder and removes everything in it. Returns the names of those that ran.
pub fn wipe(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(vec![]);
    }
    let folder = folder.canonicalize()?;
    let _one_at_a_time = lock(&folder)?;
    let mut slow = Server::all(&folder)?;
    slow.retain(|server| server.launch().stops_slowly);
    let killed = names_of_running(&slow);
    slow.iter().try_for_each(Server::kill)?;
    let ran = [killed, end(&folder)?].concat();
    empty(&folder)?;
    Ok(ran)
}

fn names_of_running(servers: &[Server]) -> Vec<String> {
    servers.iter().filter(|server| server.process().is_some()).map(|server| server.name().to_owned()).collect()
}

fn end(folder: &Path) -> Result<Vec<String>> {
    Cuts::of(folder).heal_all()?;
    let servers = Server::all(folder)?;
    let ran = names_of_running(&servers);
    for layer in [Layer::Edge, Layer::App, Layer::Store, Layer::Ground] {
        let of_layer = || servers.iter().filter(|server| server.launch().layer == layer);
        of_layer().for_each(|server| server.ask_to_stop(server.launch().stop));
        of_layer().try_for_each(Server::wait_stopped)?;
    }
    Ok(ran)
}

/// An absolute folder that is ours; the database's own user must be able to pass through it.
fn make(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(folder.canonicalize()?)
}

/// Whoever changes the stack of a folder is alone in it; the lock ends with its process.
fn lock(folder: &Path) -> Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say(&format!("waiting for whoever else starts or stops the stack in {}", folder.display()));
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => bail!("cannot lock {}: {error}", folder.display()),
    }
    Ok(file)
}

/// Removes what a stack left, and refuses a folder that holds anything else.
fn empty(folder: &Path) -> Result<()> {
    let entries: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    let ours = entries.iter().all(|entry| entry.ends_with("lock")) || folder.join("run").is_dir();
    ensure!(ours, "{} holds something that no stack wrote; name another folder", folder.display());
    for entry in entries.iter().filter(|entry| !entry.ends_with("lock")) {
        remove(entry).with_context(|| format!("cannot remove {}", entry.display()))?;
    }
    Ok(())
}

/// With what a link points to: the database may live elsewhere.
fn remove(entry: &Path) -> Result<()> {
    if entry.is_symlink() {
        if let Ok(target) = entry.canonicalize() {
            fs::remove_dir_all(target)?;
        }
        return Ok(fs::remove_file(entry)?);
    }
    if entry.is_dir() {
        fs::remove_dir_all(entry)?
    } else {
        fs::remove_file(entry)?
    }
    Ok(())
}
