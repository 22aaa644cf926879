//! Units: a duration and a size as people write them. A bare number is refused: nobody could tell what it counts.

use std::{fmt, str::FromStr, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A span of time, written with its unit: `250ms`, `30s`, `2m`, `24h`, `7d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dur(pub Duration);

/// A number of bytes, written with its unit: `512B`, `4KiB`, `5MiB`, `1GiB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub usize);

const DUR_UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
const SIZE_UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Dur {
    pub const fn of_ms(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    pub const fn of_s(s: u64) -> Self {
        Self(Duration::from_secs(s))
    }

    pub fn get(self) -> Duration {
        self.0
    }

    pub fn ms(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }

    /// Whole seconds, cut off.
    pub fn s(self) -> i64 {
        self.ms() / 1000
    }
}

impl Size {
    pub const fn kib(n: usize) -> Self {
        Self(n * 1024)
    }

    pub fn bytes(self) -> usize {
        self.0
    }
}

impl From<Dur> for Duration {
    fn from(d: Dur) -> Self {
        d.0
    }
}

impl FromStr for Dur {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse(text, &DUR_UNITS, "a duration needs its unit, as in \"250ms\", \"30s\", \"2m\", \"24h\" or \"7d\"")
            .map(Self::of_ms)
    }
}

impl FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let hint = "a size needs its unit, as in \"512B\", \"4KiB\", \"5MiB\" or \"1GiB\"";
        let bytes = parse(text, &SIZE_UNITS, hint)?;
        usize::try_from(bytes).map(Self).map_err(|_| format!("{text} is more than this machine can count"))
    }
}

fn parse(text: &str, units: &[(&str, u64)], hint: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let found = units.iter().find(|(name, _)| *name == unit);
    let (Some((_, factor)), Ok(number)) = (found, number.parse::<u64>()) else {
        return Err(format!("`{text}`: {hint}"));
    };
    number.checked_mul(*factor).ok_or_else(|| format!("`{text}` is too much"))
}

impl fmt::Display for Dur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_in(f, self.0.as_millis() as u64, &DUR_UNITS)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_in(f, self.0 as u64, &SIZE_UNITS)
    }
}

/// In the largest unit that leaves nothing over.
fn write_in(f: &mut fmt::Formatter<'_>, n: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fits = units.iter().find(|(_, factor)| n >= *factor && n.is_multiple_of(*factor));
    let (unit, factor) = fits.or(units.last()).copied().unwrap_or(("", 1));
    write!(f, "{}{unit}", n / factor)
}

macro_rules! serde_as_text {
    ($name:ident, $what:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_u64<E: de::Error>(self, n: u64) -> Result<$name, E> {
                        Err(E::custom(format!("a bare {n} says no unit: {} is expected", $what)))
                    }
                    fn visit_i64<E: de::Error>(self, n: i64) -> Result<$name, E> {
                        Err(E::custom(format!("a bare {n} says no unit: {} is expected", $what)))
                    }
                    fn visit_f64<E: de::Error>(self, n: f64) -> Result<$name, E> {
                        Err(E::custom(format!("a bare {n} says no unit: {} is expected", $what)))
                    }
                }
                from.deserialize_any(Text)
            }
        }
    };
}

serde_as_text!(Dur, "a duration with its unit, as in \"250ms\", \"30s\", \"2m\", \"24h\" or \"7d\"");
serde_as_text!(Size, "a size with its unit, as in \"512B\", \"4KiB\", \"5MiB\" or \"1GiB\"");
