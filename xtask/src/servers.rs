//! The servers from the command line: up, down, how they are, what they say; and for the length of a test run.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use stack::{Found, Parts, Running, Server, Stack, State, apps};

use crate::{
    install,
    run::{command, linted, root, run},
};

fn dev() -> PathBuf {
    root().join("target/stack/dev")
}

/// What `up` starts beside the servers.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct UpArgs {
    /// Redis, RabbitMQ, PostgreSQL and nginx, without our own binaries.
    #[arg(long)]
    servers_only: bool,
    /// Our programs fully optimised: long in building, quick in a rush.
    #[arg(long)]
    release: bool,
    /// The settings that the browser tests want: `TEST_STACK=target/stack/dev node --test static/e2e/console.test.js`.
    #[arg(long)]
    for_tests: bool,
}

/// Repeat: servers that run are left alone, what died is started again; our own nodes are started anew, as they are planned now.
pub fn up(args: UpArgs) -> Result<bool> {
    stack::install()?;
    apps::forget_unless_ready(&dev())?;
    let (stack, found) = Stack::up(&dev(), Parts::ALL)?;
    match &found {
        Found::Nothing => println!("new, in {}", stack.running().dir.display()),
        Found::Running => println!("it runs already"),
        Found::Stopped(names) => println!("started again: {}", names.join(", ")),
    }
    println!("{}", serde_json::to_string_pretty(stack.running())?);
    if !args.servers_only {
        open_shop(stack.running(), args)?;
    }
    Ok(true)
}

/// Builds everything once, tests and programs, lints included. Returns where the programs lie.
pub fn build() -> Result<PathBuf> {
    install::rust_components()?;
    run(linted(&["build"]).args(apps::AS_THE_TESTS))?;
    Ok(root().join("target/debug"))
}

/// The same of the programs alone, optimised.
pub fn build_optimised() -> Result<PathBuf> {
    let mut build = command(&["cargo", "build", "--release"]);
    for package in ["publisher", "consumer", "general", "provider", "lambda-email", "load-test"] {
        build.args(["--package", package]);
    }
    run(&mut build)?;
    Ok(root().join("target/release"))
}

/// Two nodes of each role and the payment provider, behind the door.
fn open_shop(running: &Running, args: UpArgs) -> Result<()> {
    let binaries = if args.release { build_optimised()? } else { build()? };
    let plan = if args.for_tests {
        for_tests(&binaries)
    } else {
        // One person behind one address plays many parts.
        apps::Plan { demo: true, ..apps::Plan::new(&binaries) }
            .set("MIAOSHA_GENERAL__LIMITS__SIGN_UP_PER_ADDRESS", "100/1h")
    };
    let apps = apps::start(running, &plan)?;
    println!("The shop is open at {}", running.nginx);
    println!("Staff sign in as {} with the password {}", apps.staff.email, apps.staff.password);
    println!("Mail lies in {}", running.dir.join("mail/letters").display());
    Ok(())
}

pub fn down(wipe: bool) -> Result<bool> {
    let ran = if wipe { stack::wipe(&dev())? } else { stack::down(&dev())? };
    match ran.as_slice() {
        [] => println!("nothing ran"),
        names => println!("stopped: {}", names.join(", ")),
    }
    Ok(true)
}

/// Answers yes where all are ready.
pub fn status() -> Result<bool> {
    let servers = Server::all(&dev())?;
    if servers.is_empty() {
        println!("there is no stack; start one by `cargo xtask up`");
        return Ok(false);
    }
    let mut all_ready = true;
    for server in &servers {
        let state = server.state();
        let pid = server.process().map_or_else(String::new, |process| process.pid.to_string());
        println!("{:18} {state:8} {pid:>8}  {}", server.name(), server.launch().probe);
        all_ready &= state == State::Ready;
    }
    Ok(all_ready)
}

pub fn logs(name: Option<&str>) -> Result<bool> {
    if let Some(name) = name {
        let log = Server::find(&dev(), name)?.log();
        let mut file = File::open(&log).with_context(|| format!("cannot read {}", log.display()))?;
        // Whoever reads with `head` has read enough: no failure.
        let _ = io::copy(&mut file, &mut io::stdout());
        return Ok(true);
    }
    for server in Server::all(&dev())? {
        println!("== {} ({})\n{}", server.name(), server.log().display(), server.log_tail());
    }
    Ok(true)
}

/// The name under which most steps have their servers: one after the other.
pub const TEST: &str = "test";

/// New servers of that name for as long as `work` takes. However this process ends, they end with it.
pub fn with_servers(name: &str, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let folder = root().join("target/stack").join(name);
    // Whoever else tests by this name in this clone waits: there is one folder, and it is wiped. The lock ends with its holder.
    fs::create_dir_all(&folder)?;
    let one_at_a_time = File::create(folder.with_extension("lock"))?;
    if one_at_a_time.try_lock().is_err() {
        println!("waiting for another test run in this clone");
        one_at_a_time.lock()?;
    }
    stack::wipe(&folder)?;
    let guard = Guard::over(&folder)?;
    let ran = Stack::up(&folder, Parts::ALL).and_then(|(stack, _)| work(&stack.running().dir));
    let ended = guard.end();
    ran?;
    ended
}

/// Ends the stack of a folder when we end, also by Ctrl-C or kill -9: it hears of that by the end of its input.
pub struct Guard(Child);

impl Guard {
    pub fn over(folder: &Path) -> Result<Self> {
        // Started by this name and not by our file's: that may have been built anew since we started.
        let mut guard = Command::new("/proc/self/exe");
        guard.arg("guard").arg(folder).process_group(0).stdin(Stdio::piped());
        guard.spawn().map(Self).context("cannot start the guard of the servers")
    }

    /// Ends the stack now. Errors: something of it does not end.
    pub fn end(mut self) -> Result<()> {
        drop(self.0.stdin.take());
        anyhow::ensure!(self.0.wait()?.success(), "the servers did not end");
        Ok(())
    }
}

/// New servers with our programs in them, for as long as `work` takes.
pub fn with_shop(programs: &Path, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    with_servers(TEST, |folder| {
        apps::start(Stack::open(folder)?.running(), &for_tests(programs))?;
        work(folder)
    })
}

/// The same, set for measuring.
pub fn with_measured_shop(programs: &Path, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    with_servers(TEST, |folder| {
        let plan = apps::Plan::new(programs);
        let plan = measure::settings().into_iter().fold(plan, |plan, (name, value)| plan.set(name, value));
        apps::start(Stack::open(folder)?.running(), &plan)?;
        work(folder)
    })
}

/// Our nodes as the tests want them.
fn for_tests(binaries: &Path) -> apps::Plan {
    apps::Plan::new(binaries)
        // A browser that is cut off is to notice it soon.
        .set("MIAOSHA_PUBLISHER__PUSH__HEARTBEAT", "2s")
        // All browsers come from one address.
        .set("MIAOSHA_GENERAL__LIMITS__SIGN_UP_PER_ADDRESS", "1000/1h")
        .set("MIAOSHA_GENERAL__LIMITS__LOGIN_PER_ADDRESS", "1000/1m")
}

/// Waits for the end of whoever started it, then ends the stack of this folder.
pub fn guard(folder: &Path) -> Result<bool> {
    io::stdin().read_to_end(&mut vec![])?;
    stack::wipe(folder)?;
    Ok(true)
}
