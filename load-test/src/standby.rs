//! Standby: holds that expire wave after wave, and how soon after each was due the next buyer in line is told of theirs.

use std::{collections::HashSet, time::Duration};

use clap::Args;
use kit::clock::SystemClock;
use sale::{claim::ClaimState, port::clock::Clock, rules::GRACE_MS, time::UnixMs};

use crate::{
    measured::{Files, Report, Series},
    outcome::Outcome,
    progress::Progress,
    run::{Place, Run},
    rush::{
        Drive, OPENS_IN, Timetable,
        sale::Offer,
        script::{Over, Script, mint},
        stage::{self, Stage},
        tally::{Told, Waits},
    },
};

/// Nobody claims for longer than this; the waves come after it.
const CLAIMS_S: u64 = 5;
/// The last wave is heard for so long after it is due.
const SPARE: Duration = Duration::from_secs(3);
const OPEN_FOR: Duration = Duration::from_secs(600);

/// Waves of holds that expire, and the promotions that follow.
#[derive(Clone, Debug, Args)]
pub struct StandbyArgs {
    #[command(flatten)]
    pub place: Place,
    /// Units on sale: so many holds end in each wave.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub units: u32,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub waves: u32,
    /// Seconds that a unit is held for.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(2..))]
    pub hold_s: u32,
    #[command(flatten)]
    pub files: Files,
}

pub async fn play(args: &StandbyArgs, run: &Run, bar: &Progress) -> anyhow::Result<Outcome> {
    let buyers = args.units as usize * (args.waves as usize + 1);
    let offer = Offer {
        items: 1,
        units: args.units,
        standby: args.units * args.waves,
        hold_s: args.hold_s,
        opens_in: OPENS_IN,
        open_for: OPEN_FOR,
        asks: false,
    };
    let mut stage = Stage::open(run, bar, &offer).await?;
    let script = Script {
        over: Over::Socket,
        host: stage.house.target().to_string(),
        items: stage.items(),
        buyers: mint(&stage.keys, buyers, SystemClock.now()),
        again: false,
        answer: None,
        side_by_side: false,
    };
    let lines = stage.lines(&script, buyers).await?;
    stage.opening().await;
    let wave = Duration::from_millis(u64::from(args.hold_s) * 1000 + GRACE_MS.unsigned_abs());
    let timetable = Timetable::new(0.0, Duration::from_secs(CLAIMS_S), script.most());
    let linger = wave * args.waves + SPARE;
    let meter = stage.meter().await?;
    let (tally, script) = stage::drive(
        Drive { script, timetable, until_decided: false, comes_back: false, linger, to_the_end: true },
        lines,
        bar,
    )
    .await?;
    let mut report = Report::new(format!("standby: {} units, {} waves", args.units, args.waves), stage.house.kind());
    stage::tell(&mut report, &tally);
    let late = promotions(&tally.told);
    let mut waits = Waits::default();
    late.iter().for_each(|(_, late_ms)| waits.note(Duration::from_millis(late_ms.unsigned_abs())));
    report.wait("hold due -> promotion", waits.all());
    report.figure("promotions", late.len() as f64);
    let early = late.iter().filter(|(_, late_ms)| *late_ms < 0).count();
    report.figure("promotions before they were due", early as f64);
    if let Some((first, _)) = late.first().copied() {
        let points = late.iter().map(|(at, late_ms)| ((*at - first) as f64 / 1e3, *late_ms as f64)).collect();
        report.rates.push(Series { name: "ms from due to promotion".into(), points });
    }
    report.processes = meter.stop();
    // Every unit of every wave but the last went to somebody who stood by.
    let mut outcome = stage.end(tally, &script, &["accepted"], report, &args.files).await?;
    let meant = args.units as usize * args.waves as usize;
    if late.len() < meant {
        outcome.wrong.push(format!("nothing was proved: {} of {meant} promotions were told", late.len()));
    }
    Ok(outcome)
}

/// When each promotion was told, and how many milliseconds after its hold was due.
///
/// All units are held all the time, and the head of the line gets the first that comes free: so the n-th promotion follows the
/// n-th hold that was due, whoever had it.
fn promotions(told: &[Told]) -> Vec<(UnixMs, i64)> {
    let (mut stood_by, mut promoted, mut held) = (HashSet::new(), HashSet::new(), HashSet::new());
    let (mut dues, mut promotions) = (vec![], vec![]);
    for Told { at, claim, .. } in told {
        match claim.state {
            ClaimState::Standby => _ = stood_by.insert(claim.claim_id),
            ClaimState::Held => {
                if held.insert(claim.claim_id) {
                    dues.extend(claim.deadline.map(|deadline| UnixMs(deadline + GRACE_MS)));
                }
                if stood_by.contains(&claim.claim_id) && promoted.insert(claim.claim_id) {
                    promotions.push(*at);
                }
            }
            _ => {}
        }
    }
    dues.sort_unstable();
    promotions.sort_unstable();
    promotions.into_iter().zip(dues).map(|(at, due)| (at, at - due)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buyer::frame::example;

    fn told(at: i64, claim: u32, version: i64, state: ClaimState, deadline: i64) -> Told {
        let mut claim = example(claim, version, state);
        claim.deadline = (state == ClaimState::Held).then_some(deadline);
        Told { at: UnixMs(at), buyer: 0, claim }
    }

    #[test]
    fn each_promotion_follows_the_hold_that_was_due_before_it() {
        let all = [
            told(100, 1, 1, ClaimState::Held, 2_100),
            told(110, 2, 1, ClaimState::Held, 2_105),
            told(120, 3, 1, ClaimState::Standby, 0),
            told(121, 4, 1, ClaimState::Standby, 0),
            told(122, 5, 1, ClaimState::Standby, 0),
            told(5_150, 3, 2, ClaimState::Held, 7_150),
            // Told twice is promoted once.
            told(5_151, 3, 2, ClaimState::Held, 7_150),
            told(5_205, 4, 2, ClaimState::Held, 7_200),
            told(10_160, 5, 2, ClaimState::Held, 12_160),
        ];
        let late: Vec<i64> = promotions(&all).into_iter().map(|(_, late)| late).collect();
        assert_eq!(late, [50, 100, 10]);
    }
}
