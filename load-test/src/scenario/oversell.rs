//! Oversell: more buyers than units, all in a hurry, and all of them pay. Exactly the units are sold.

use anyhow::ensure;
use clap::Args;

use super::{Criterion, Options, Played, Scenario};
use crate::buyer::visit::{Act, Routine};

/// 50 units, 100 buyers in a hurry; then exactly 50 are sold in the journal, and the verdict.
#[derive(Clone, Debug, Args)]
#[command(
    mut_arg("rest_min_ms", |arg| arg.default_value("100")),
    mut_arg("rest_max_ms", |arg| arg.default_value("500"))
)]
pub struct OversellArgs {
    #[command(flatten)]
    pub options: Options,
}

impl Scenario for OversellArgs {
    const NAME: &'static str = "oversell";

    fn options(&self) -> &Options {
        &self.options
    }

    fn routine(&self) -> anyhow::Result<Routine> {
        let Options { buyers, units, purchase_limit, .. } = self.options;
        let wanted = u64::from(buyers) * u64::from(purchase_limit);
        ensure!(wanted > units.into(), "{buyers} buyers want {wanted} units at most: of {units} nothing is oversold");
        let rest_ms = self.options.rest_ms()?;
        Ok(Routine { acts: vec![(Act::Claim, 1)], rest_ms, rounds: None, pays: true })
    }

    fn criteria(&self, played: &Played) -> Vec<Criterion> {
        let (sold, units) = (played.stands.units_sold, u64::from(self.options.units));
        vec![
            Criterion::of(sold == units, format!("units sold in the journal: {sold} of exactly {units}")),
            Criterion::all_answered(played),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::parse, verdict::Counts};

    #[test]
    fn neither_one_unit_more_nor_one_less_may_be_sold() {
        let oversell: OversellArgs = parse(&[]);
        let broken = |units_sold| {
            let stands = Counts { units_sold, ..Counts::default() };
            Played { stands, ..Played::default() }.broken(&oversell)
        };
        assert_eq!(broken(49), ["units sold in the journal: 49 of exactly 50"]);
        assert!(broken(50).is_empty());
        assert_eq!(broken(51), ["units sold in the journal: 51 of exactly 50"]);
    }

    #[test]
    fn too_few_buyers_could_oversell_nothing() {
        let oversell: OversellArgs = parse(&["--buyers", "50"]);
        assert!(oversell.routine().unwrap_err().to_string().contains("nothing is oversold"));
    }
}
