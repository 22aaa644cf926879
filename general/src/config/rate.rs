//! The rate: how often something may be done, as people write it.

use std::str::FromStr;

use kit::config::Dur;
use sale::bucket::Rate;
use serde::{Deserialize, Deserializer, de::Error};

/// `"7/1m"`: 7 at once, and 7 again in a minute. `"10/1s burst 30"`: 30 at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateText(pub Rate);

impl RateText {
    pub const fn per_second(n: u32) -> Self {
        Self(Rate { burst: n, per_period: n, period_ms: 1000 })
    }

    pub const fn per_minute(n: u32) -> Self {
        Self(Rate { burst: n, per_period: n, period_ms: 60_000 })
    }

    pub const fn per_hour(n: u32) -> Self {
        Self(Rate { burst: n, per_period: n, period_ms: 3_600_000 })
    }
}

impl FromStr for RateText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}`: a rate is written \"7/1m\" or \"10/1s burst 30\"");
        let (rate, burst) = text.split_once(" burst ").map_or((text, None), |(rate, burst)| (rate, Some(burst)));
        let (count, period) = rate.split_once('/').ok_or_else(wrong)?;
        let per_period: u32 = count.trim().parse().map_err(|_| wrong())?;
        let burst = burst.map_or(Ok(per_period), |burst| burst.trim().parse()).map_err(|_| wrong())?;
        let period_ms = period.parse::<Dur>()?.ms();
        // A bucket's step is kept in whole microseconds.
        if per_period == 0 || burst == 0 || period_ms == 0 || i64::from(per_period) > period_ms.saturating_mul(1000) {
            return Err(wrong());
        }
        Ok(Self(Rate { burst, per_period, period_ms }))
    }
}

impl<'de> Deserialize<'de> for RateText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        assert_eq!("7/1m".parse(), Ok(RateText::per_minute(7)));
        assert_eq!("3/1h".parse(), Ok(RateText::per_hour(3)));
        let burst = Rate { burst: 30, per_period: 10, period_ms: 1000 };
        assert_eq!("10/1s burst 30".parse(), Ok(RateText(burst)));
        for wrong in ["", "7", "7/", "/1m", "0/1s", "7/1", "1/0s", "7/1m burst 0", "-1/1s", "2000/1ms"] {
            assert!(wrong.parse::<RateText>().is_err(), "{wrong}");
        }
    }
}
