//! Mixed: people who claim, look at their profile and renew their session, each as often as it weighs.

use anyhow::ensure;
use clap::Args;

use super::{Criterion, Options, Played, Scenario};
use crate::buyer::visit::{Act, Routine};

/// How far a share may be from its weight, in standard deviations of as many draws: beyond it, it was no chance.
const FAR: f64 = 4.0;
/// Of fewer acts no share can be told.
const ENOUGH: u64 = 100;

/// 100 buyers who claim, look at their profile and renew their session, 6 : 2 : 2; then the verdict.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("hold_s", |arg| arg.default_value("3")), mut_arg("standby", |arg| arg.default_value("50")))]
pub struct MixedArgs {
    #[command(flatten)]
    pub options: Options,
    /// How often a buyer claims, beside the other weights.
    #[arg(long, value_name = "WEIGHT", default_value_t = 6)]
    pub claims: u32,
    #[arg(long, value_name = "WEIGHT", default_value_t = 2)]
    pub profiles: u32,
    #[arg(long, value_name = "WEIGHT", default_value_t = 2)]
    pub refreshes: u32,
}

impl MixedArgs {
    fn weights(&self) -> [(&'static str, Act, u32); 3] {
        [
            ("claim", Act::Claim, self.claims),
            ("profile", Act::Profile, self.profiles),
            ("refresh", Act::Refresh, self.refreshes),
        ]
    }
}

impl Scenario for MixedArgs {
    const NAME: &'static str = "mixed";

    fn options(&self) -> &Options {
        &self.options
    }

    fn routine(&self) -> anyhow::Result<Routine> {
        let acts: Vec<_> = self.weights().into_iter().map(|(_, act, weight)| (act, weight.into())).collect();
        ensure!(acts.iter().any(|(_, weight)| *weight > 0), "all weights are 0: nobody does anything");
        Ok(Routine { acts, rest_ms: self.options.rest_ms()?, rounds: None, pays: false })
    }

    fn criteria(&self, played: &Played) -> Vec<Criterion> {
        let all: u64 = played.rows.values().map(|row| row.ends.all()).sum();
        let weight: f64 = self.weights().iter().map(|(_, _, weight)| f64::from(*weight)).sum();
        let enough = Criterion::of(all >= ENOUGH, format!("asked: {all} of at least {ENOUGH}"));
        let mut criteria = vec![Criterion::all_answered(played), enough];
        for (act, _, own) in self.weights() {
            let (want, asked) = (f64::from(own) / weight, played.ends(act).all());
            let found = asked as f64 / all.max(1) as f64;
            let off = (want * (1.0 - want) / all.max(1) as f64).sqrt() * FAR;
            let text = format!("share of {act}: {found:.3} of {want:.3}, at most {off:.3} off");
            criteria.push(Criterion::of((found - want).abs() <= off, text));
        }
        // Nothing here is for a rule to refuse.
        let refused = played.ends("profile").refused + played.ends("refresh").refused;
        criteria.push(Criterion::of(refused == 0, format!("profiles and sessions refused: {refused} of exactly 0")));
        criteria
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::parse, tally::Ends};

    fn played(claims: u64, profiles: u64, refreshes: u64) -> Played {
        let passed = |passed| Ends { passed, ..Ends::default() };
        let claims = Played::default().with("claim", passed(claims), 1.0);
        claims.with("profile", passed(profiles), 1.0).with("refresh", passed(refreshes), 1.0)
    }

    #[test]
    fn the_mix_is_what_was_asked_for() {
        let mixed: MixedArgs = parse(&[]);
        assert!(played(590, 210, 200).broken(&mixed).is_empty());
        let broken = played(400, 400, 200).broken(&mixed);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert_eq!(played(0, 0, 0).broken(&mixed), ["asked: 0 of at least 100"]);
    }

    #[test]
    fn somebody_must_do_something() {
        let mixed: MixedArgs = parse(&["--claims", "0", "--profiles", "0", "--refreshes", "0"]);
        assert!(mixed.routine().is_err());
    }
}
