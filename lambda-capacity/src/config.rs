//! Config: how the function is told what it keeps. `defaults.toml` is the manual.

use std::collections::BTreeMap;

use kit::config::{ConfigError, Dur, Overrides, ensure, load};
use serde::{Deserialize, Deserializer, de::Error};

use crate::demand::Pace;

/// Every setting with its default and meaning.
pub const MANUAL: &str = include_str!("../defaults.toml");
const PREFIX: &str = "MIAOSHA_";
/// Scheduled actions that AWS takes for one group.
const AWS_ACTIONS_MAX: usize = 125;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    capacity: Config,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// By role.
    #[serde(deserialize_with = "from_json")]
    pub groups: BTreeMap<String, Size>,
    pub balancer: String,
    pub reserved_units: i32,
    pub idle_units: i32,
    pub schedules: String,
    pub schedules_role: String,
    pub function: String,
    pub lead: Dur,
    pub rest: Dur,
    pub bridge: Dur,
    pub ahead: Dur,
    pub actions_max: usize,
    pub answer_max: Dur,
    pub log_filter: String,
}

/// An Auto Scaling group, and its nodes between sales and while one is on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub name: String,
    pub min: i32,
    pub max: i32,
}

fn from_json<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Size>, D::Error> {
    serde_json::from_str(&String::deserialize(from)?).map_err(D::Error::custom)
}

impl Config {
    /// From the function's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from(Overrides::new())
    }

    /// From the manual and what is laid over it.
    pub fn from(overrides: Overrides) -> Result<Self, ConfigError> {
        let Whole { capacity } = load(MANUAL, None, PREFIX, overrides)?;
        capacity.check()?;
        Ok(capacity)
    }

    pub fn pace(&self) -> Pace {
        let Self { lead, rest, bridge, ahead, actions_max, .. } = self;
        let [lead_ms, rest_ms, bridge_ms, ahead_ms] = [lead, rest, bridge, ahead].map(|dur| dur.ms());
        Pace { lead_ms, rest_ms, bridge_ms, ahead_ms, actions_max: *actions_max }
    }

    fn check(&self) -> Result<(), ConfigError> {
        ensure(!self.groups.is_empty(), "capacity.groups", "must name what grows and shrinks")?;
        let can_be = |size: &Size| !size.name.is_empty() && size.min >= 0 && size.max >= size.min;
        ensure(self.groups.values().all(can_be), "capacity.groups", "needs a name, and 0 <= min <= max")?;
        let units = |units: i32| units == 0 || (100..=1500).contains(&units);
        ensure(units(self.reserved_units), "capacity.reserved_units", "must be 0, or 100 to 1500")?;
        ensure(units(self.idle_units), "capacity.idle_units", "must be 0, or 100 to 1500")?;
        let named = self.reserved_units == 0 || !self.balancer.is_empty();
        ensure(named, "capacity.balancer", "must name whose units are reserved")?;
        for (text, key) in [
            (&self.schedules, "capacity.schedules"),
            (&self.schedules_role, "capacity.schedules_role"),
            (&self.function, "capacity.function"),
        ] {
            ensure(!text.is_empty(), key, "must be set")?;
        }
        ensure(
            self.ahead >= Dur::of_s(3600),
            "capacity.ahead",
            "must be an hour at least: looks come every few minutes",
        )?;
        let rests = self.rest >= Dur::of_s(60);
        ensure(rests, "capacity.rest", "must be a minute at least: AWS schedules nothing in the past")?;
        ensure(self.answer_max > Dur::default(), "capacity.answer_max", "must be more than nothing")?;
        // One place is the shrinking's.
        let places = (1..AWS_ACTIONS_MAX).contains(&self.actions_max);
        ensure(places, "capacity.actions_max", "must be 1 to 124: AWS takes 125")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: [(&str, &str); 4] = [
        ("MIAOSHA_CAPACITY__GROUPS", r#"{"publisher":{"max":12,"min":2,"name":"shop-publisher"}}"#),
        ("MIAOSHA_CAPACITY__SCHEDULES", "shop-capacity"),
        ("MIAOSHA_CAPACITY__SCHEDULES_ROLE", "arn:aws:iam::123456789012:role/r"),
        ("MIAOSHA_CAPACITY__FUNCTION", "arn:aws:lambda:eu-central-1:123456789012:function:f:live"),
    ];

    fn with(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from(Overrides::new().env(&[&USUAL, more].concat()))
    }

    #[test]
    fn terraforms_settings_are_enough() {
        let config = with(&[("MIAOSHA_CAPACITY__RESERVED_UNITS", "300"), ("MIAOSHA_CAPACITY__BALANCER", "arn:b")]);
        let config = config.unwrap();
        assert_eq!(config.groups["publisher"], Size { name: "shop-publisher".into(), min: 2, max: 12 });
        assert_eq!((config.reserved_units, config.pace().lead_ms), (300, 600_000));
    }

    #[test]
    fn what_cannot_work_is_said_at_the_start() {
        for (env, named) in [
            (("MIAOSHA_CAPACITY__GROUPS", "{}"), "groups"),
            (("MIAOSHA_CAPACITY__GROUPS", r#"{"p":{"name":"p","min":3,"max":2}}"#), "groups"),
            (("MIAOSHA_CAPACITY__GROUPS", r#"{"p":{"name":"p","min":1,"max":2,"maximum":3}}"#), "maximum"),
            (("MIAOSHA_CAPACITY__RESERVED_UNITS", "300"), "balancer"),
            (("MIAOSHA_CAPACITY__RESERVED_UNITS", "99"), "reserved_units"),
            (("MIAOSHA_CAPACITY__FUNCTION", ""), "function"),
            (("MIAOSHA_CAPACITY__LEAD", "600"), "lead"),
            (("MIAOSHA_CAPACITY__AHEAD", "10s"), "ahead"),
            (("MIAOSHA_CAPACITY__ACTIONS_MAX", "125"), "actions_max"),
            (("MIAOSHA_CAPACITY__LEED", "1s"), "leed"),
        ] {
            let refused = with(&[env]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.contains(named), "{env:?}: {refused}");
        }
        assert!(Config::from(Overrides::new().env(&[])).is_err(), "the manual alone names no group");
    }
}
