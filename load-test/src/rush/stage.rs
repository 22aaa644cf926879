//! The stage: an open house with planned sales, what it takes of the machine, and the verdict when all is over.

use std::{
    iter, slice,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context, ensure};
use kit::tokens::Keys;
use sale::{
    ids::{SaleId, SaleItemId, UserId},
    time::UnixMs,
    verdict::{Observation, observe},
};
use tokio::time::{Instant, sleep};

use super::{
    drive::{Drive, Watch},
    lines::{self, Line},
    sale::{Offer, Planned},
    script::Script,
    tally::Tally,
};
use crate::{
    buyer::diary::expiry,
    house::{Counted, Counters, Doors, House},
    limits,
    measured::{Files, Meter, Report, Series},
    outcome::Outcome,
    progress::Progress,
    run::{self, Run},
    scene::Scene,
    staff::{Live, Staff},
};

/// Whoever is at the counter with a full queue before them is not waited for longer.
const DECIDED_WAIT: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// All doors know by then that the sale is open.
const AFTER_OPENING: Duration = Duration::from_millis(300);

pub struct Stage<'a> {
    pub run: &'a Run,
    pub bar: &'a Progress,
    pub house: House,
    pub staff: Staff,
    pub scene: Arc<Scene>,
    pub sale: Planned,
    /// Sales beside it, open at the same time.
    pub others: Vec<Planned>,
    pub keys: Keys,
    doors: Doors,
    counters: Counters,
    /// What was counted when the measuring began.
    before: Counted,
    begun: Instant,
    closed: bool,
}

impl<'a> Stage<'a> {
    /// Opens the house, set for measuring, and plans the sale.
    pub async fn open(run: &'a Run, bar: &'a Progress, offer: &Offer) -> anyhow::Result<Self> {
        Self::open_many(run, bar, offer, 1).await
    }

    /// The same with so many sales, each with all that is offered.
    pub async fn open_many(run: &'a Run, bar: &'a Progress, offer: &Offer, sales: u32) -> anyhow::Result<Self> {
        limits::raise_open_files(0)?;
        bar.say("opening the house");
        let (house, begun) = (run.house.measured(), Instant::now());
        let doors = house.open().await?;
        let mut staff = house.staff().await?;
        let sale = offer.plan(&mut staff).await?;
        let mut others = vec![];
        for _ in 1..sales {
            others.push(offer.plan(&mut staff).await?);
        }
        let scene = Arc::new(Scene::new(house.target(), sale.facts()?, &run.observations())?);
        let (keys, counters, before) = (house.keys()?, house.counters()?, Counted::default());
        Ok(Self { run, bar, house, staff, scene, sale, others, keys, doors, counters, before, begun, closed: false })
    }

    fn sales(&self) -> impl Iterator<Item = &Planned> {
        iter::once(&self.sale).chain(&self.others)
    }

    /// The items of all sales.
    pub fn items(&self) -> Vec<SaleItemId> {
        self.sales().flat_map(|sale| sale.items.iter().copied()).collect()
    }

    pub async fn lines(&self, script: &Script, count: usize) -> anyhow::Result<Vec<Line>> {
        lines::open(script, &self.house.claim_doors()?, count, Some(self.sale.sale_id), self.bar).await
    }

    /// Waits until the last of its sales is open.
    pub async fn opening(&self) {
        self.bar.act("waiting for the opening", 0);
        if let Some(last) = self.sales().map(|sale| sale.opens_at).max() {
            run::until(last).await;
        }
        sleep(AFTER_OPENING).await;
    }

    /// Closes all sales, unless that was done before.
    pub async fn close(&mut self) -> anyhow::Result<()> {
        if !std::mem::replace(&mut self.closed, true) {
            let sales: Vec<SaleId> = self.sales().map(|sale| sale.sale_id).collect();
            for sale in sales {
                self.staff.switch(sale, "close", serde_json::json!({})).await?;
            }
        }
        Ok(())
    }

    /// Measuring begins.
    pub async fn meter(&mut self) -> anyhow::Result<Meter> {
        self.before = self.counters.look().await?;
        Ok(Meter::start(self.house.processes(&self.doors)?))
    }

    /// What those who decide have counted since then.
    pub async fn counted(&mut self) -> anyhow::Result<Counted> {
        Ok(self.counters.look().await?.since(&self.before))
    }

    /// Waits until so many claims were decided since then. Returns how long this waited.
    pub async fn decided(&mut self, accepted: u64) -> anyhow::Result<Duration> {
        self.bar.act("waiting for the decisions", accepted);
        let begun = Instant::now();
        loop {
            let decided = self.counted().await?.decided();
            self.bar.at(decided);
            if decided >= accepted {
                return Ok(begun.elapsed());
            }
            ensure!(
                begun.elapsed() < DECIDED_WAIT,
                "{decided} of {accepted} claims were decided within {} s",
                DECIDED_WAIT.as_secs()
            );
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until nothing lives in any of the sales, which are closed.
    async fn quiet(&mut self) -> anyhow::Result<Live> {
        let sales: Vec<(SaleId, i64)> =
            self.sales().map(|sale| (sale.sale_id, i64::from(sale.hold_s) * 1000)).collect();
        let mut last: Option<Live> = None;
        for (sale, hold_ms) in sales {
            let mut live = run::quiet_sale(&mut self.staff, sale, hold_ms, Duration::ZERO, self.bar).await?;
            live.items.extend(last.into_iter().flat_map(|last| last.items));
            last = Some(live);
        }
        last.context("there is no sale")
    }

    /// Writes down what the lines were told, closes the sale, waits until all has ended, and asks for the verdict.
    pub async fn end(
        mut self,
        tally: Tally,
        script: &Script,
        must_happen: &[&str],
        mut report: Report,
        files: &Files,
    ) -> anyhow::Result<Outcome> {
        self.bar.say("closing the sale");
        let script_of = |buyer: usize| script.buyers.get(buyer).map(|minted| minted.user_id);
        write_down(&self.scene, &tally, &script.items, script_of);
        tally.outcomes.iter().for_each(|(name, count)| self.scene.counts.set(name.clone(), *count));
        self.close().await?;
        self.bar.say("waiting for quiet");
        let live = self.quiet().await?;
        run::mails(self.run, &live).await?;
        let sales: Vec<SaleId> = self.sales().map(|sale| sale.sale_id).collect();
        self.doors.close().await?;
        self.bar.say("the verdict");
        let (scene, took) = (slice::from_ref(&self.scene), self.begun.elapsed());
        let outcome = Outcome::judge_sales(self.run, scene, &sales, took, must_happen).await?;
        report.passed = Some(outcome.passed());
        report.wrong.clone_from(&outcome.wrong);
        report.write(files)?;
        Ok(Outcome { report: format!("{}\n{}", report.table(), outcome.report), ..outcome })
    }
}

/// Drives on a thread of its own, while people see how far it is. Dropped, it ends.
pub async fn drive(drive: Drive, lines: Vec<Line>, bar: &Progress) -> anyhow::Result<(Tally, Script)> {
    struct Abandon(Arc<Watch>);
    impl Drop for Abandon {
        fn drop(&mut self) {
            self.0.abandoned.store(true, Ordering::Relaxed);
        }
    }
    bar.act("claiming", 0);
    let watch = Abandon(Arc::new(Watch::default()));
    let watched = watch.0.clone();
    let mut driving = tokio::task::spawn_blocking(move || drive.run(lines, &watched));
    loop {
        tokio::select! {
            driven = &mut driving => return driven.context("the driver panicked")?.context("the driver has no poll"),
            () = sleep(Duration::from_millis(200)) => {
                bar.note(&format!("claiming: {} answered", watch.0.answered.load(Ordering::Relaxed)));
            }
        }
    }
}

fn write_down(scene: &Scene, tally: &Tally, items: &[SaleItemId], user: impl Fn(usize) -> Option<UserId>) {
    for receipt in &tally.receipts {
        let (Some(buyer_id), Some(item)) = (user(receipt.buyer), items.get(receipt.item)) else { continue };
        scene.notebook.write(&Observation::Receipt(observe::Receipt {
            at: receipt.at,
            buyer_id,
            claim_id: receipt.claim_id,
            sale_item_id: *item,
            received_at: None,
        }));
    }
    for told in &tally.told {
        let (Some(buyer_id), claim) = (user(told.buyer), &told.claim) else { continue };
        scene.notebook.write(&Observation::Claim(observe::Seen {
            at: told.at,
            buyer_id,
            channel: observe::Channel::Socket,
            claim_id: claim.claim_id,
            sale_item_id: claim.sale_item_id,
            quantity: claim.quantity,
            state: claim.state,
            version: claim.version,
            deadline: claim.deadline.map(UnixMs),
            pass_expires_at: claim.purchase_pass.as_deref().and_then(expiry),
            reason: claim.reason,
            order_id: claim.order_id,
        }));
    }
    tally.complaints.iter().for_each(|text| scene.notebook.complain(text.clone()));
}

/// What every drive has to tell, into its report.
pub fn tell(report: &mut Report, tally: &Tally) {
    report.seconds = tally.answering.as_secs_f64();
    report.wait("claim -> answer", tally.answers.all());
    report.wait("claim -> result", tally.results.all());
    report.wait("receipt -> result", tally.decisions.all());
    report.outcomes.clone_from(&tally.outcomes);
    report.figure("claims sent", tally.sent as f64);
    report.figure("answers a second", tally.answered as f64 / report.seconds.max(1e-6));
    report.figure("claims sent late for want of a free line", tally.sent_late as f64);
    report.rates.push(Series { name: "answers".into(), points: tally.answered_at.per_s() });
    if tally.decided > 0 {
        report.figure("results a second", tally.decided as f64 / tally.deciding.as_secs_f64().max(1e-6));
        report.rates.push(Series { name: "results".into(), points: tally.decided_at.per_s() });
    }
}
