//! One server as a supervised child: started in a session of its own, stopped by its pid, found again by any later process.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::{
    probe::Probe,
    process::{Process, working_in},
    progress::{say, until},
};

/// How long a server may take from its start until it answers.
pub const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long a server may take to stop when asked; afterwards it is killed.
pub const STOP_WITHIN: Duration = Duration::from_secs(30);
/// How long the children of a killed server may take to notice.
const ORPHANS_END_WITHIN: Duration = Duration::from_secs(10);
/// So much of a log's end goes into an error.
const LOG_TAIL_BYTES: u64 = 2000;

/// When a server is stopped: the outermost first, the ground last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// What other servers cannot stop without.
    Ground,
    /// Stores, brokers, stand-ins.
    Store,
    /// Our own binaries.
    App,
    /// What stands between them and the world.
    Edge,
}

/// The signal by which a server is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    Term,
    Int,
    Quit,
}

impl From<Stop> for Signal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Term => Self::TERM,
            Stop::Int => Self::INT,
            Stop::Quit => Self::QUIT,
        }
    }
}

/// How a server is right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Ready,
    /// Alive, and its probe gets no answer.
    Silent,
    Paused,
    Stopped,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ready => "ready",
            Self::Silent => "silent",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        })
    }
}

/// How a server is started, stopped and asked whether it is ready: kept as a file, so that any later process can do the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Launch {
    pub name: String,
    pub program: String,
    pub args: Vec<String>,
    /// All of its environment, besides `PATH` and `LANG`.
    pub env: BTreeMap<String, String>,
    /// Where it works.
    pub folder: PathBuf,
    pub layer: Layer,
    pub stop: Stop,
    /// Stopping it takes seconds: where its data is thrown away anyway, it is killed.
    #[serde(default)]
    pub stops_slowly: bool,
    pub probe: Probe,
    /// Files that a dead server leaves behind and over which its successor would stumble.
    pub leftovers: Vec<PathBuf>,
}

impl Launch {
    /// A store that is asked to stop by TERM and counts as ready while it lives.
    pub fn new(name: &str, program: impl Into<String>, folder: &Path) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            args: vec![],
            env: BTreeMap::new(),
            folder: folder.to_owned(),
            layer: Layer::Store,
            stop: Stop::Term,
            stops_slowly: false,
            probe: Probe::Lives,
            leftovers: vec![],
        }
    }

    pub fn args<T: Into<String>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub fn layer(mut self, layer: Layer) -> Self {
        self.layer = layer;
        self
    }

    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    pub fn stops_slowly(mut self) -> Self {
        self.stops_slowly = true;
        self
    }

    pub fn probe(mut self, probe: Probe) -> Self {
        self.probe = probe;
        self
    }

    pub fn leaves(mut self, file: PathBuf) -> Self {
        self.leftovers.push(file);
        self
    }

    /// The child in the foreground, in a session of its own: neither our end nor our Ctrl-C is its.
    fn command(&self) -> Command {
        // `setsid` makes the session and then becomes the program, so the child's pid is the server's.
        let mut command = Command::new("setsid");
        command.arg(&self.program).args(&self.args).current_dir(&self.folder);
        command.env_clear().env("LANG", "C.UTF-8").envs(&self.env);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }
}

/// A server of the stack in one folder; whether it runs is asked anew each time.
#[derive(Clone, Debug)]
pub struct Server {
    stack: PathBuf,
    launch: Launch,
}

impl Server {
    /// Writes down how this server is started. Repeat: the newest launch counts from the next start on.
    pub fn add(stack: &Path, launch: Launch) -> Result<Self> {
        for folder in ["run", "log"] {
            fs::create_dir_all(stack.join(folder))?;
        }
        let server = Self { stack: stack.to_owned(), launch };
        let file = server.file("json");
        fs::write(&file, serde_json::to_string_pretty(&server.launch)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(server)
    }

    /// The server of this name in the stack of this folder.
    pub fn find(stack: &Path, name: &str) -> Result<Self> {
        let file = stack.join("run").join(format!("{name}.json"));
        let text = fs::read_to_string(&file)
            .with_context(|| format!("there is no server {name} in the stack of {}", stack.display()))?;
        let launch = serde_json::from_str(&text).with_context(|| format!("{} describes no server", file.display()))?;
        Ok(Self { stack: stack.to_owned(), launch })
    }

    /// All servers of a stack, in the order of their layers.
    pub fn all(stack: &Path) -> Result<Vec<Self>> {
        let Ok(entries) = fs::read_dir(stack.join("run")) else { return Ok(vec![]) };
        let mut servers = vec![];
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(".json") {
                servers.push(Self::find(stack, name)?);
            }
        }
        servers.sort_by(|a, b| (a.launch.layer, &a.launch.name).cmp(&(b.launch.layer, &b.launch.name)));
        Ok(servers)
    }

    pub fn name(&self) -> &str {
        &self.launch.name
    }

    pub fn launch(&self) -> &Launch {
        &self.launch
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.stack.join("run").join(format!("{}.{ending}", self.launch.name))
    }

    pub fn log(&self) -> PathBuf {
        self.stack.join("log").join(format!("{}.log", self.launch.name))
    }

    /// The process that was started last, alive or dead.
    fn last(&self) -> Option<Process> {
        serde_json::from_str(&fs::read_to_string(self.file("pid")).ok()?).ok()
    }

    /// The process, while it lives.
    pub fn process(&self) -> Option<Process> {
        self.last().filter(Process::is_alive)
    }

    /// Starts the server; [`wait_ready`](Self::wait_ready) waits until it answers. Repeat: one that lives is left alone.
    pub fn start(&self) -> Result<()> {
        if self.process().is_some() {
            return Ok(());
        }
        self.clear_leftovers()?;
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = self.launch.command();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.name()))?;
        let process = Process::of(child.id().cast_signed()).context("a child that was just started is not listed")?;
        fs::write(self.file("pid"), serde_json::to_string(&process)?)?;
        // Whoever starts a child must also wait for its end, or it stays as a zombie for as long as we live.
        std::thread::Builder::new().name("reaper".into()).spawn(move || child.wait())?;
        Ok(())
    }

    /// What a server that died by force left: children, and files that would stop the next start.
    fn clear_leftovers(&self) -> Result<()> {
        if let Some(dead) = self.last() {
            ensure!(dead.kill(), "{}: what is left of process {} does not end", self.name(), dead.pid);
        }
        if self.launch.leftovers.is_empty() {
            return Ok(());
        }
        let nobody = || working_in(&self.launch.folder).is_empty();
        until(&format!("the last children of {}", self.name()), ORPHANS_END_WITHIN, nobody, || Ok(()))
            .with_context(|| format!("somebody still works in {}", self.launch.folder.display()))?;
        for file in &self.launch.leftovers {
            // Only now, when nobody can still write there: the file guards against two servers on the same data.
            let _ = fs::remove_file(file);
        }
        Ok(())
    }

    pub fn state(&self) -> State {
        match self.process() {
            None => State::Stopped,
            Some(process) if process.is_paused() => State::Paused,
            Some(_) if self.launch.probe.answers() => State::Ready,
            Some(_) => State::Silent,
        }
    }

    /// Alive, not paused, and its probe answers.
    pub fn is_ready(&self) -> bool {
        self.state() == State::Ready
    }

    /// Errors: dead, or not ready within [`READY_WITHIN`]; both with the end of the log.
    pub fn wait_ready(&self) -> Result<()> {
        let alive = || match self.process() {
            Some(_) => Ok(()),
            None => bail!("it ended by itself"),
        };
        until(self.name(), READY_WITHIN, || self.is_ready(), alive)
            .with_context(|| format!("{} is not ready; its log ends:\n{}", self.name(), self.log_tail()))
    }

    /// Asks the server to stop and waits for it; killed where it takes longer than [`STOP_WITHIN`].
    pub fn stop(&self) -> Result<()> {
        self.ask_to_stop(self.launch.stop);
        self.wait_stopped()
    }

    /// Only asks. Whoever stops several asks all first.
    pub(crate) fn ask_to_stop(&self, how: Stop) {
        if let Some(process) = self.process() {
            process.signal(how.into());
            process.resume();
        }
    }

    pub(crate) fn wait_stopped(&self) -> Result<()> {
        let Some(process) = self.last() else { return Ok(()) };
        let ended = until(&format!("{} to stop", self.name()), STOP_WITHIN, || !process.is_alive(), || Ok(())).is_ok();
        // Also after a good end: what is left of the session has nobody to obey any more.
        ensure!(process.kill(), "{} (process {}) does not end", self.name(), process.pid);
        if !ended {
            say(&format!("{} did not stop within {STOP_WITHIN:?} and was killed", self.name()));
        }
        Ok(())
    }

    /// Kill -9, of the server and all its children at once, as when a machine dies.
    pub fn kill(&self) -> Result<()> {
        let Some(process) = self.last() else { return Ok(()) };
        ensure!(process.kill(), "{} (process {}) does not end", self.name(), process.pid);
        Ok(())
    }

    /// SIGSTOP, of all its processes: it keeps its connections and answers nothing.
    pub fn pause(&self) -> Result<()> {
        self.process().with_context(|| format!("{} does not run", self.name()))?.pause();
        Ok(())
    }

    /// SIGCONT.
    pub fn resume(&self) -> Result<()> {
        self.process().with_context(|| format!("{} does not run", self.name()))?.resume();
        Ok(())
    }

    /// Stopped if it runs, started, and waited for.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start()?;
        self.wait_ready()
    }

    /// Stopped for good: nobody knows any more how it was started.
    pub(crate) fn forget(&self) -> Result<()> {
        self.stop()?;
        Ok(fs::remove_file(self.file("json"))?)
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        let mut text = vec![];
        if let Ok(mut file) = File::open(self.log()) {
            let length = file.metadata().map_or(0, |m| m.len());
            let _ = file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)));
            let _ = file.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}
