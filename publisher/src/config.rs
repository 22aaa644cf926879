//! Config: every bound of the two doors, with its unit. `defaults.toml` is the manual.

use kit::config::{ConfigError, Dur, ensure};
use sale::bucket::Rate;
use serde::Deserialize;

/// The sections `[publisher.*]` of the manual, for whoever puts a whole manual together.
pub const MANUAL: &str = include_str!("../defaults.toml");

/// The section `[publisher]`; what is left out is as in the manual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub schedule: ScheduleConfig,
    pub accept: AcceptConfig,
    pub push: PushConfig,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    pub confirm_every: Dur,
    pub trust: Dur,
    pub offset_error_max: Dur,
    pub silence_max: Dur,
    pub gate_trust: Dur,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            confirm_every: Dur::of_ms(500),
            trust: Dur::of_s(2),
            offset_error_max: Dur::of_ms(20),
            silence_max: Dur::of_s(5),
            gate_trust: Dur::of_s(1),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AcceptConfig {
    pub on: bool,
    pub claims_burst: u32,
    pub claims_per_s: u32,
    pub address_claims_burst: u32,
    /// 0: addresses are not counted.
    pub address_claims_per_s: u32,
    pub batch_max: usize,
    pub waiting_max: usize,
    pub put_wait: Dur,
    pub decided_within: Dur,
    pub remembered_max: usize,
}

impl Default for AcceptConfig {
    fn default() -> Self {
        Self {
            on: true,
            claims_burst: 3,
            claims_per_s: 1,
            address_claims_burst: 16,
            address_claims_per_s: 8,
            batch_max: 1024,
            waiting_max: 20_000,
            put_wait: Dur::of_s(5),
            decided_within: Dur::of_ms(300),
            remembered_max: 100_000,
        }
    }
}

impl AcceptConfig {
    pub(crate) fn buyer_rate(&self) -> Rate {
        Rate { burst: self.claims_burst, per_period: self.claims_per_s, period_ms: 1000 }
    }

    pub(crate) fn address_rate(&self) -> Option<Rate> {
        let rate = Rate { burst: self.address_claims_burst, per_period: self.address_claims_per_s, period_ms: 1000 };
        (rate.per_period > 0).then_some(rate)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PushConfig {
    pub on: bool,
    /// 0: one for each core.
    pub reactors: u16,
    pub origins: Vec<String>,
    pub upgrades_max: usize,
    pub sockets_max: usize,
    pub sockets_per_address: usize,
    pub sockets_per_buyer: usize,
    pub watched_max: usize,
    pub frames_burst: u32,
    pub frames_per_s: u32,
    pub outbox_max: usize,
    pub write_wait: Dur,
    pub heartbeat: Dur,
    pub token_grace: Dur,
    pub stock_every: Dur,
    pub line_every: Dur,
    pub count_every: Dur,
    pub count_keep: Dur,
    pub resume_per_s: u64,
    pub asks_max: usize,
    pub reads_max: usize,
    pub wave_max: usize,
    pub wave_every: Dur,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self {
            on: true,
            reactors: 0,
            origins: vec![],
            upgrades_max: 1000,
            sockets_max: 100_000,
            sockets_per_address: 1000,
            sockets_per_buyer: 8,
            watched_max: 20,
            frames_burst: 60,
            frames_per_s: 20,
            outbox_max: 128,
            write_wait: Dur::of_s(5),
            heartbeat: Dur::of_s(25),
            token_grace: Dur::of_s(600),
            stock_every: Dur::of_ms(250),
            line_every: Dur::of_s(1),
            count_every: Dur::of_s(1),
            count_keep: Dur::of_s(5),
            resume_per_s: 5000,
            asks_max: 20_000,
            reads_max: 8,
            wave_max: 1000,
            wave_every: Dur::of_ms(100),
        }
    }
}

impl PushConfig {
    /// As many sockets as are allowed, and no more than the system has files for: a node refuses before it dies.
    pub fn sockets_within(&self, files_max: Option<u64>) -> usize {
        /// Files beside sockets: the journal, the broker, requests of those who are not here yet.
        const SPARE_FILES: u64 = 256;
        let files = files_max.map(|max| usize::try_from(max.saturating_sub(SPARE_FILES)).unwrap_or(usize::MAX));
        self.sockets_max.min(files.unwrap_or(usize::MAX))
    }
}

impl Config {
    /// Whether these bounds can be kept.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (schedule, accept, push) = (&self.schedule, &self.accept, &self.push);
        let some = |dur: Dur, key| ensure(dur > Dur::default(), key, "must be more than nothing");
        let one = |n: usize, key| ensure(n > 0, key, "must be at least 1");
        some(schedule.confirm_every, "publisher.schedule.confirm_every")?;
        ensure(
            schedule.trust > schedule.confirm_every,
            "publisher.schedule.trust",
            "must be longer than confirm_every, or time would stand still between two confirmations",
        )?;
        some(schedule.silence_max, "publisher.schedule.silence_max")?;
        ensure(accept.claims_per_s > 0, "publisher.accept.claims_per_s", "must be at least 1")?;
        one(accept.batch_max, "publisher.accept.batch_max")?;
        one(accept.waiting_max, "publisher.accept.waiting_max")?;
        some(accept.put_wait, "publisher.accept.put_wait")?;
        some(accept.decided_within, "publisher.accept.decided_within")?;
        one(push.upgrades_max, "publisher.push.upgrades_max")?;
        one(push.sockets_per_buyer, "publisher.push.sockets_per_buyer")?;
        ensure(push.frames_per_s > 0, "publisher.push.frames_per_s", "must be at least 1")?;
        ensure(push.outbox_max > push.watched_max + 8, "publisher.push.outbox_max", "must hold every watched sale")?;
        some(push.write_wait, "publisher.push.write_wait")?;
        some(push.heartbeat, "publisher.push.heartbeat")?;
        some(push.stock_every, "publisher.push.stock_every")?;
        some(push.line_every, "publisher.push.line_every")?;
        some(push.count_every, "publisher.push.count_every")?;
        ensure(
            push.count_keep > push.count_every,
            "publisher.push.count_keep",
            "must be longer than count_every, or the door would be forgotten between two counts",
        )?;
        ensure(push.resume_per_s > 0, "publisher.push.resume_per_s", "must be at least 1")?;
        one(push.asks_max, "publisher.push.asks_max")?;
        one(push.reads_max, "publisher.push.reads_max")?;
        one(push.wave_max, "publisher.push.wave_max")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Manual {
        publisher: Config,
    }

    #[test]
    fn the_manual_names_every_key_and_says_what_is_so_without_it() {
        let manual: Manual = kit::config::load(MANUAL, None, "MIAOSHA_NOTHING_", Default::default()).unwrap();
        assert_eq!(manual.publisher, Config::default());
        manual.publisher.check().unwrap();
        let keys = MANUAL.lines().filter(|line| line.contains(" = ")).count();
        assert_eq!(keys, 5 + 10 + 23, "a new key belongs in the manual too");
    }

    #[test]
    fn bounds_that_contradict_each_other_are_refused() {
        let mut config = Config::default();
        config.schedule.trust = Dur::of_ms(100);
        assert!(config.check().unwrap_err().to_string().contains("schedule.trust"));
    }
}
