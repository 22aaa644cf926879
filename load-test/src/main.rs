//! The command line: which run, what it says, and how it ends.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use load_test::{
    chain::{self, ChainArgs},
    crash::{self, CrashArgs},
    decide::{self, DecideArgs},
    fault::{self, FaultArgs},
    floor::{self, FloorArgs},
    outcome::Outcome,
    peer::{self, PeerArgs},
    progress::Progress,
    run::Run,
    rush::{self, RushArgs},
    scenario::{self, BurstArgs, MixedArgs, OrdersArgs, OversellArgs, RatelimitArgs, Scenario, StressArgs},
    soak::{self, SoakArgs},
    sockets::{self, ClientArgs, Report, SocketsArgs},
    standby::{self, StandbyArgs},
    story::{self, StoryArgs},
    verdict::{self, VerdictArgs},
};
use tokio::signal::unix::{SignalKind, signal};

/// Virtual buyers against the real server, with a verdict: never oversold, nothing lost.
#[derive(Parser)]
#[command(name = "load-test", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Story(StoryArgs),
    Crash(CrashArgs),
    Fault(FaultArgs),
    Soak(SoakArgs),
    Stress(StressArgs),
    Oversell(OversellArgs),
    Orders(OrdersArgs),
    Mixed(MixedArgs),
    Ratelimit(RatelimitArgs),
    Burst(BurstArgs),
    Rush(RushArgs),
    Decide(DecideArgs),
    Chain(ChainArgs),
    Standby(StandbyArgs),
    Verdict(VerdictArgs),
    Sockets(SocketsArgs),
    /// Two reports of `sockets` side by side.
    Compare {
        before: PathBuf,
        after: PathBuf,
    },
    /// A server that keeps nothing but descriptors, until it is killed.
    Floor(FloorArgs),
    /// A server as one would write it with axum alone, until it is killed.
    Peer(PeerArgs),
    /// The other ends of `sockets`; started by it.
    #[command(hide = true)]
    SocketsClient(ClientArgs),
}

/// The peers in this program are measured with the allocator that ours has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let told = match Cli::parse().command {
        Command::Story(args) => {
            perform("story", Run::prepare("story", &args.place), async |run, bar| story::play(&args, run, bar).await)
                .await
        }
        Command::Crash(args) => {
            perform("crash", Run::prepare("crash", &args.place), async |run, bar| crash::play(&args, run, bar).await)
                .await
        }
        Command::Fault(args) => {
            perform("fault", Run::prepare("fault", &args.place), async |run, bar| fault::play(&args, run, bar).await)
                .await
        }
        Command::Soak(args) => {
            perform("soak", Run::prepare("soak", &args.place), async |run, bar| soak::play(&args, run, bar).await).await
        }
        Command::Stress(args) => act(&args).await,
        Command::Oversell(args) => act(&args).await,
        Command::Orders(args) => act(&args).await,
        Command::Mixed(args) => act(&args).await,
        Command::Ratelimit(args) => act(&args).await,
        Command::Burst(args) => act(&args).await,
        Command::Rush(args) => {
            perform("rush", Run::prepare("rush", &args.place), async |run, bar| rush::play(&args, run, bar).await).await
        }
        Command::Decide(args) => {
            perform("decide", Run::prepare("decide", &args.place), async |run, bar| decide::play(&args, run, bar).await)
                .await
        }
        Command::Chain(args) => {
            perform("chain", Run::prepare("chain", &args.place), async |run, bar| chain::play(&args, run, bar).await)
                .await
        }
        Command::Standby(args) => {
            perform("standby", Run::prepare("standby", &args.place), async |run, bar| {
                standby::play(&args, run, bar).await
            })
            .await
        }
        Command::Verdict(args) => verdict::run(args).await,
        Command::Sockets(args) => hold(&args).await,
        Command::Compare { before, after } => compare(&before, &after),
        Command::Floor(args) => floor::run(&args).map(|()| true),
        Command::Peer(args) => peer::run(&args).await.map(|()| true),
        Command::SocketsClient(args) => sockets::run_client(args).map(|()| true),
    };
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Holds sockets, says what that cost, and writes it down where it was asked to.
async fn hold(args: &SocketsArgs) -> anyhow::Result<bool> {
    let (run, bar) = (Run::prepare("sockets", &args.place)?, Progress::new());
    let played = tokio::select! {
        played = sockets::play(args, &run, &bar) => played,
        interrupted = interrupt() => Err(interrupted),
    };
    bar.done();
    let report = played.inspect_err(|_| say(&run.last_words()))?;
    say(&report.table());
    if let Some(path) = &args.json {
        report.write(path)?;
    }
    run.clean();
    Ok(true)
}

fn compare(before: &std::path::Path, after: &std::path::Path) -> anyhow::Result<bool> {
    say(&sockets::compare(&Report::read(before)?, &Report::read(after)?));
    Ok(true)
}

/// One of the short scenarios.
async fn act<S: Scenario>(scenario: &S) -> anyhow::Result<bool> {
    let run = Run::prepare(S::NAME, &scenario.options().place);
    let run = run.map(|mut run| {
        run.house = run.house.set(scenario.settings());
        run
    });
    perform(S::NAME, run, async |run, bar| scenario::play(scenario, run, bar).await).await
}

/// Plays a run until it ends or somebody interrupts, and says what came of it.
async fn perform(
    kind: &str,
    run: anyhow::Result<Run>,
    play: impl AsyncFnOnce(&Run, &Progress) -> anyhow::Result<Outcome>,
) -> anyhow::Result<bool> {
    let (run, bar) = (run?, Progress::new());
    // Whatever is dropped here takes its server with it.
    let played = tokio::select! {
        played = play(&run, &bar) => played,
        interrupted = interrupt() => Err(interrupted),
    };
    bar.done();
    let outcome = match played {
        Ok(outcome) => outcome,
        Err(error) => {
            say(&run.last_words());
            return Err(error.context(format!("the {kind} could not be played")));
        }
    };
    say(&outcome.report);
    if outcome.passed() {
        say(&format!("the {kind} passed: no law was broken"));
        run.clean();
    } else {
        say(&run.last_words());
        say(&format!("the {kind} FAILED, {} wrongs:\n{}", outcome.wrong.len(), outcome.wrong_lines()));
    }
    Ok(outcome.passed())
}

/// Resolves when somebody wants us to stop.
async fn interrupt() -> anyhow::Error {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate => {}
    }
    anyhow::anyhow!("interrupted")
}

/// A closed pipe is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
