//! The run: the folder of one run, the server in it, and how a run ends.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use kit::clock::{OsChance, SystemClock};
use sale::{
    ids::SaleId,
    port::{chance::Chance, clock::Clock},
    rules::{DOUBT_MS, GRACE_MS},
    time::UnixMs,
};
use tokio::time::{Instant, sleep};

use crate::{
    house::{House, Stack},
    latency::Wait,
    progress::Progress,
    scene::{Scene, value},
    server::{Server, ServerPlan, free_port},
    staff::{Live, Staff},
};

const OBSERVATIONS: &str = "observations.jsonl";
/// How often staff look while waiting for the end.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After the last unit is settled, this long for the last mails: one that met a dead carrier comes again when SQS shows it
/// again, a minute later.
const MAIL_WAIT: Duration = Duration::from_secs(90);
/// What quiescence may take beyond every clock that runs.
const QUIET_SPARE: Duration = Duration::from_secs(30);

/// Where the server is, and where a run is kept.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// The server's binary; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    pub server: Option<PathBuf>,
    /// Where to keep the run; by default a new folder for temporary files, removed after a run that passed.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Keeps the folder in any case.
    #[arg(long)]
    pub keep: bool,
    /// The folder of a full stack that runs: the sale is held there, through its balancer.
    #[arg(long, value_name = "FOLDER", conflicts_with = "server")]
    pub stack: Option<PathBuf>,
}

/// One run's folder, and the house that it is played in.
pub struct Run {
    pub folder: PathBuf,
    pub house: House,
    /// Nothing of this run is older.
    pub since: UnixMs,
    /// Makes the accounts of this run unlike those of another.
    pub name: String,
    remove: bool,
}

impl Run {
    /// A fresh folder, and a free port or a stack. Errors: no such binary or stack, or the folder holds another run.
    pub fn prepare(kind: &str, place: &Place) -> anyhow::Result<Self> {
        let chance: &dyn Chance = &OsChance;
        let name = format!("{:x}", chance.below(1 << 32));
        let folder =
            place.folder.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("miaosha-{kind}-{name}")));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        if folder.join(OBSERVATIONS).exists() || folder.join("data").exists() {
            bail!("{} holds another run", folder.display());
        }
        let house = match &place.stack {
            Some(stack) => House::Stack(Stack::read(stack)?),
            None => House::Own(own_server(place.server.as_deref(), &folder, &name)?),
        };
        Ok(Self { folder, house, since: SystemClock.now(), name, remove: place.folder.is_none() && !place.keep })
    }

    pub fn observations(&self) -> PathBuf {
        self.folder.join(OBSERVATIONS)
    }

    /// One of several sales in the same house: with a folder and a name of its own, so that each is known from the others.
    pub fn part(&self, number: u32) -> anyhow::Result<Self> {
        let folder = self.folder.join(format!("sale-{number}"));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let (house, name) = (self.house.clone(), format!("{}x{number}", self.name));
        Ok(Self { folder, house, since: self.since, name, remove: false })
    }

    /// What a person needs after a failure.
    pub fn last_words(&self) -> String {
        format!("{}\n--- kept in {} ---", self.house.last_words(), self.folder.display())
    }

    /// Removes the folder of a run that passed, unless it is to be kept.
    pub fn clean(&self) {
        if self.remove {
            // What cannot be removed stays for the system to tidy up.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A server of our own on a free port, with everything of its own in the run's folder.
fn own_server(exe: Option<&Path>, folder: &Path, name: &str) -> anyhow::Result<ServerPlan> {
    Ok(ServerPlan {
        exe: find_server(exe)?,
        listen: free_port()?,
        data_dir: folder.join("data"),
        log: folder.join("server.log"),
        staff_email: "staff@load.example".into(),
        staff_password: format!("staff-{name}"),
        env: vec![],
    })
}

/// `given`, else `miaosha` beside this program, else the release build of the same target folder.
fn find_server(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(exe) = given {
        return Ok(exe.to_owned());
    }
    let own = std::env::current_exe()?;
    let beside = own.with_file_name("miaosha");
    let release = own.ancestors().nth(2).map(|target| target.join("release/miaosha"));
    let found = [beside].into_iter().chain(release).find(|exe| exe.is_file());
    found.context("no miaosha beside this program: run `cargo build --release`, or name the binary by --server")
}

/// Waits until `at` by the machine's clock.
pub async fn until(at: UnixMs) {
    let left = (at - SystemClock.now()).max(0) as u64;
    sleep(Duration::from_millis(left)).await;
}

/// Waits until the closed sale is quiet. Errors: what was still moving when the time was over.
pub async fn quiet(staff: &mut Staff, scene: &Scene, closes_in: Duration, bar: &Progress) -> anyhow::Result<Live> {
    quiet_sale(staff, scene.facts.sale_id, scene.facts.hold_ms, closes_in, bar).await
}

/// The same of any sale whose units are held for so long.
pub async fn quiet_sale(
    staff: &mut Staff,
    sale: SaleId,
    hold_ms: i64,
    closes_in: Duration,
    bar: &Progress,
) -> anyhow::Result<Live> {
    let clocks_ms = hold_ms + GRACE_MS + DOUBT_MS;
    let bound = closes_in + Duration::from_millis(clocks_ms as u64) + QUIET_SPARE;
    let give_up = Instant::now() + bound;
    loop {
        let live = staff.live(sale).await?;
        bar.note(&figures(&live));
        if live.is_quiet() {
            return Ok(live);
        }
        if Instant::now() >= give_up {
            bail!("waited {} s for the sale to become quiet: {}", bound.as_secs(), figures(&live));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Waits for one mail an order, or until no more come: the verdict judges what is missing.
pub async fn mails(run: &Run, live: &Live) -> anyhow::Result<()> {
    let paid: u32 = live.items.iter().map(|item| item.paid).sum();
    let give_up = Instant::now() + MAIL_WAIT;
    while run.house.letters(&run.name)? < paid as usize && Instant::now() < give_up {
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Writes down what the server took of the machine.
pub fn note_usage(scene: &Scene, server: &Server, buyers: u32) {
    let Some(usage) = server.usage() else { return };
    usage.bounds(buyers.into()).iter().for_each(|bound| scene.notebook.write(bound));
    scene.counts.set("MiB of memory the server took at most", usage.memory_mib);
}

/// One line of figures.
pub fn figures(live: &Live) -> String {
    let mut text = format!("{:?}", live.state).to_lowercase();
    for item in &live.items {
        let (held, paying, paid, standby, of) = (item.held, item.paying, item.paid, item.standby, item.allotment);
        let _ = write!(text, ": {paid} of {of} paid, {held} held, {paying} paying, {standby} stand by");
    }
    match live.queue_depth {
        Some(0) => {}
        Some(depth) => _ = write!(text, ", {depth} on the queue"),
        None => text.push_str(", the queue does not answer"),
    }
    text
}

/// What happened, in figures.
pub fn report(scene: &Arc<Scene>, took: Duration) -> String {
    let counts = &scene.counts;
    let (receipts, paid, reconnects) = (value(&counts.receipts), value(&counts.paid), value(&counts.reconnects));
    let mut text = format!("{:.0} s, {receipts} receipts, {paid} paid, {reconnects} reconnects\n", took.as_secs_f64());
    for wait in Wait::ALL {
        let summary = scene.latencies.summary(wait);
        if summary.count > 0 {
            let _ = writeln!(text, "  {:<19} {summary}", wait.as_str());
        }
    }
    for (name, count) in counts.named() {
        let _ = writeln!(text, "  {count:>7}  {name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let exe = folder.path().join("miaosha");
        std::fs::write(&exe, "").unwrap();
        let place = Place { server: Some(exe), folder: Some(folder.path().join("run")), keep: false, stack: None };
        let first = Run::prepare("story", &place).unwrap();
        std::fs::create_dir(&first.house.own().unwrap().data_dir).unwrap();
        let error = Run::prepare("story", &place).err().unwrap();
        assert!(error.to_string().contains("holds another run"), "{error}");
    }
}
