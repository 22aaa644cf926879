//! The instant: how a moment is written for people and read back.

use jiff::Timestamp;
use sale::time::UnixMs;
use thiserror::Error;

#[derive(Debug, Error, PartialEq, Eq)]
#[error("not an RFC 3339 instant, as in 2026-11-21T08:00:00.000Z")]
pub struct BadInstant;

/// `2026-11-21T00:00:00.000Z`: UTC, always three decimals. What no calendar holds is written as its nearest end.
pub fn to_rfc3339(at: UnixMs) -> String {
    let end = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    format!("{:.3}", Timestamp::from_millisecond(at.0).unwrap_or(end))
}

/// Reads an instant with any offset. Finer than a millisecond is cut off.
pub fn parse_rfc3339(text: &str) -> Result<UnixMs, BadInstant> {
    // The calendar library reads more dialects than RFC 3339; a zone in brackets or a blank for the T is not ours.
    if text.len() > 40 || text.contains(['[', ' ']) {
        return Err(BadInstant);
    }
    text.parse::<Timestamp>().map(|at| UnixMs(at.as_millisecond())).map_err(|_| BadInstant)
}

/// `#[serde(with = "kit::instant::rfc3339")]` on a [`UnixMs`].
pub mod rfc3339 {
    use sale::time::UnixMs;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(at: &UnixMs, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::to_rfc3339(*at))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixMs, D::Error> {
        super::parse_rfc3339(&String::deserialize(from)?).map_err(D::Error::custom)
    }

    /// `#[serde(default, with = "kit::instant::rfc3339::option")]` on an `Option<UnixMs>`.
    pub mod option {
        use sale::time::UnixMs;
        use serde::{Deserialize, Deserializer, Serializer, de::Error};

        pub fn serialize<S: Serializer>(at: &Option<UnixMs>, to: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, to),
                None => to.serialize_none(),
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<UnixMs>, D::Error> {
            let text = Option::<String>::deserialize(from)?;
            text.map(|text| crate::instant::parse_rfc3339(&text)).transpose().map_err(D::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_its_milliseconds_and_read_back() {
        let at = UnixMs(1_795_219_200_000);
        assert_eq!(to_rfc3339(at), "2026-11-21T00:00:00.000Z");
        assert_eq!(parse_rfc3339("2026-11-21T00:00:00.000Z"), Ok(at));
        assert_eq!(parse_rfc3339("2026-11-21T08:00:00+08:00"), Ok(at));
        assert_eq!(to_rfc3339(UnixMs(1)), "1970-01-01T00:00:00.001Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in ["", "tomorrow", "2026-11-21", "2026-11-21T00:00:00", "2026-11-21 00:00:00Z", "1795219200000"] {
            assert_eq!(parse_rfc3339(text), Err(BadInstant), "{text}");
        }
    }

    #[test]
    fn the_end_of_time_is_written_and_nothing_breaks() {
        assert!(to_rfc3339(UnixMs(i64::MAX)).starts_with("9999-12-"));
        assert!(to_rfc3339(UnixMs(i64::MIN)).starts_with("-009999-01-"));
    }
}
