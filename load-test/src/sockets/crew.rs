//! The crew: client processes of ours, ordered and counted as one.

use std::{net::SocketAddrV4, process::Stdio, time::Duration};

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Instant, sleep},
};

use super::client::{ClientArgs, Order, Tally};
use crate::progress::Progress;

pub(super) const CONNECT_WAIT: Duration = Duration::from_secs(120);
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Dropped, all of them end.
pub struct Crew(Vec<Member>);

struct Member {
    sockets: usize,
    _child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Crew {
    /// Starts so many processes, each with its part of the sockets, at the doors in turn.
    pub fn hire(all: &ClientArgs, processes: usize, doors: &[SocketAddrV4]) -> anyhow::Result<Self> {
        let each = all.sockets.div_ceil(processes.max(1)).max(1);
        let parts = (0..all.sockets).step_by(each).zip(doors.iter().cycle());
        let member = |(first, door): (usize, &SocketAddrV4)| {
            let sockets = each.min(all.sockets - first);
            Member::hire(&ClientArgs { target: *door, sockets, first, ..all.clone() })
        };
        parts.map(member).collect::<Result<_, _>>().map(Self)
    }

    /// How many processes they are.
    pub fn size(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX).max(1)
    }

    /// How many sockets so many percent of each part are.
    fn part(&self, percent: usize) -> usize {
        self.0.iter().map(|member| member.sockets * percent / 100).sum()
    }

    /// So many percent of each part come in, and this waits until they are held. Errors: they are not, after [`CONNECT_WAIT`].
    pub async fn connect(&mut self, percent: usize, bar: &Progress) -> anyhow::Result<Tally> {
        let give_up = Instant::now() + CONNECT_WAIT;
        let mut tally = self.order(Order::Connect(percent)).await?;
        let wanted = self.part(percent);
        while tally.held < wanted {
            ensure!(Instant::now() < give_up, "only {} of {wanted} sockets are held: {tally:?}", tally.held);
            sleep(LOOK_EVERY).await;
            tally = self.order(Order::Tally).await?;
            bar.at(tally.held as u64);
        }
        Ok(tally)
    }

    /// Orders all of them the same, and adds up what they answer.
    pub async fn order(&mut self, order: Order) -> anyhow::Result<Tally> {
        let line = format!("{}\n", serde_json::to_string(&order)?);
        for member in &mut self.0 {
            member.orders.write_all(line.as_bytes()).await.context("a client process is gone")?;
        }
        let mut sum = Tally::default();
        for member in &mut self.0 {
            let Some(line) = member.answers.next_line().await? else { bail!("a client process ended") };
            sum.add(serde_json::from_str(&line).context("a client process does not count")?);
        }
        sum.curve.sort_unstable();
        Ok(sum)
    }
}

impl Member {
    fn hire(part: &ClientArgs) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("sockets-client").arg("--target").arg(part.target.to_string()).args(["--path", &part.path]);
        if let Some(protocol) = &part.protocol {
            command.args(["--protocol", protocol]);
        }
        command.args(["--say", &part.say]);
        if let Some(tokens) = &part.tokens {
            command.arg("--tokens").arg(tokens);
        }
        let numbers = [
            ("--sockets", part.sockets),
            ("--first", part.first),
            ("--per-source", part.per_source),
            ("--window", part.window),
        ];
        for (name, number) in numbers {
            command.arg(name).arg(number.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start a client process")?;
        let (orders, answers) = (child.stdin.take(), child.stdout.take());
        let (orders, answers) = orders.zip(answers).context("a client process without pipes")?;
        Ok(Self { sockets: part.sockets, _child: child, orders, answers: BufReader::new(answers).lines() })
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.held += other.held;
        self.refused += other.refused;
        self.lost += other.lost;
        self.churned += other.churned;
        self.texts += other.texts;
        self.told += other.told;
        self.curve.extend(other.curve);
    }
}
