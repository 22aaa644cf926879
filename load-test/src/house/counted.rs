//! Counted: what those who decide count of themselves, as their `/metrics` tell.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddrV4},
};

use anyhow::{Context, ensure};

use super::House;
use crate::buyer::http::{Call, Http};

const DECIDED: &str = "claims_decided_total";
const BATCH: &str = "decide_batch_commands";

/// The doors at which everybody who decides is asked.
pub struct Counters(Vec<Http>);

/// The sums over all of them, by series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted(BTreeMap<String, f64>);

impl House {
    pub fn counters(&self) -> anyhow::Result<Counters> {
        let doors: Vec<SocketAddrV4> = match self {
            Self::Own(plan) => vec![plan.listen],
            Self::Stack(stack) => stack.consumers()?.into_iter().map(|door| door.addr).collect(),
        };
        Ok(Counters(doors.into_iter().map(|door| Http::new(Ipv4Addr::LOCALHOST, door)).collect()))
    }
}

impl Counters {
    /// Errors: one of them does not answer.
    pub async fn look(&mut self) -> anyhow::Result<Counted> {
        let mut all = Counted::default();
        for http in &mut self.0 {
            let answer = http.call(&Call::get("/metrics")).await.context("metrics are not answered")?;
            ensure!(answer.is_ok(), "metrics are answered {}", answer.status);
            all.add(&answer.text);
        }
        Ok(all)
    }
}

impl Counted {
    /// One node's text; comments and what is no number are passed over.
    fn add(&mut self, text: &str) {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for (series, value) in lines.filter_map(|line| line.rsplit_once(' ')) {
            if let Ok(value) = value.parse::<f64>() {
                *self.0.entry(series.to_owned()).or_default() += value;
            }
        }
    }

    fn of(&self, series: &str) -> f64 {
        self.0.get(series).copied().unwrap_or(0.0)
    }

    /// Claims that were decided.
    pub fn decided(&self) -> u64 {
        self.of(DECIDED) as u64
    }

    /// Batches that were decided.
    pub fn batches(&self) -> f64 {
        self.of(&format!("{BATCH}_count"))
    }

    /// Commands in all of them.
    pub fn commands(&self) -> f64 {
        self.of(&format!("{BATCH}_sum"))
    }

    pub fn since(&self, before: &Self) -> Self {
        Self(self.0.iter().map(|(series, value)| (series.clone(), value - before.of(series))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_counters_count_is_added_and_what_was_before_is_taken_off() {
        let text = "# TYPE claims_decided_total counter\nclaims_decided_total 10\n\ndecide_batch_commands_sum 30\n\
                    decide_batch_commands_count 2\nother{why=\"a b\"} 1\n";
        let mut before = Counted::default();
        before.add(text);
        let mut after = before.clone();
        after.add(text);
        let new = after.since(&before);
        assert_eq!((after.decided(), new.decided()), (20, 10));
        assert_eq!((new.batches(), new.commands()), (2.0, 30.0));
    }
}
