//! The peer of a rush: a server as one would write it with axum alone, driven in the same way with the same bytes.

use std::process::Stdio;

use anyhow::{Context, bail};
use kit::{
    clock::{OsChance, SystemClock},
    tokens::Keys,
};
use sale::{ids::SaleItemId, port::clock::Clock};
use tokio::{
    net::TcpStream,
    process::Command,
    time::{Duration, Instant, sleep},
};
use uuid::Uuid;

use super::{
    Drive, LINGER, RushArgs, lines,
    script::{Over, Script, mint},
    stage, used,
};
use crate::{
    measured::{Meter, Report},
    outcome::Outcome,
    progress::Progress,
    server::free_port,
    verdict::Counts,
};

const READY_WAIT: Duration = Duration::from_secs(10);
const BUYERS: usize = 1_000;

pub async fn play(args: &RushArgs, lines: usize, bar: &Progress) -> anyhow::Result<Outcome> {
    if args.over == Over::Socket {
        bail!("axum alone is asked over HTTP");
    }
    let listen = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["peer", "axum", "--listen", &listen.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).kill_on_drop(true);
    let mut child = command.spawn().context("cannot start the peer")?;
    let give_up = Instant::now() + READY_WAIT;
    while TcpStream::connect(listen).await.is_err() {
        anyhow::ensure!(Instant::now() < give_up, "the peer does not listen");
        sleep(Duration::from_millis(20)).await;
    }
    let script = Script {
        over: args.over,
        host: listen.to_string(),
        items: vec![SaleItemId(Uuid::nil())],
        buyers: mint(&Keys::random(&OsChance), BUYERS, SystemClock.now()),
        again: true,
        answer: None,
        side_by_side: false,
    };
    let lines = lines::open(&script, &[listen], lines, None, bar).await?;
    let timetable = args.timetable(u64::MAX);
    let drive = Drive { script, timetable, until_decided: false, comes_back: false, linger: LINGER, to_the_end: false };
    let meter = Meter::start(vec![("axum".into(), child.id().context("the peer is gone")?)]);
    let (tally, _) = stage::drive(drive, lines, bar).await?;
    let mut report = Report::new(args.name(), "raw axum");
    stage::tell(&mut report, &tally);
    used(&mut report, &tally, meter.cpu_us(), meter.stop());
    child.kill().await?;
    report.write(&args.files)?;
    Ok(Outcome { report: report.table(), counts: Counts::default(), wrong: tally.complaints })
}
