//! The door: what its refusals mean to a buyer, and the words in which a claim's fate is counted.

use std::time::Duration;

use kit::clock::SeedChance;
use sale::claim::ClaimState;

use super::{mind::Door, wait::between};

/// What a refusal at the door means to a buyer; `None` for a code that no door has.
pub fn door(code: &str, retry_after: Option<Duration>, chance: &SeedChance) -> Option<Door> {
    let wait = |low, high| {
        let asked = retry_after.map(|d| d.as_millis() as u64).unwrap_or(0).min(5_000);
        asked.max(low) as i64 + between(chance, 0, high - low) as i64
    };
    Some(match code {
        "not_open" => Door::Again { after_ms: wait(100, 400) },
        "too_fast" => Door::Again { after_ms: wait(500, 1_500) },
        "unavailable" | "timed_out" | "starting" | "stopping" => Door::Again { after_ms: wait(100, 800) },
        "paused" => Door::Again { after_ms: wait(300, 1_200) },
        "wrong_answer" => Door::Again { after_ms: 0 },
        // The claim that stands in the way is on its way to us.
        "already_claimed" => Door::Again { after_ms: wait(500, 1_500) },
        "all_held" => Door::Later { after_ms: wait(800, 4_000) },
        "sold_out" => Door::Later { after_ms: wait(1_500, 3_000) },
        "closed" | "limit_reached" => Door::Never,
        _ => return None,
    })
}

/// The state as the wire writes it.
pub fn word(state: ClaimState) -> &'static str {
    match state {
        ClaimState::Received => "received",
        ClaimState::Held => "held",
        ClaimState::Standby => "standby",
        ClaimState::Paying => "paying",
        ClaimState::Paid => "paid",
        ClaimState::Refused => "refused",
        ClaimState::Expired => "expired",
        ClaimState::Withdrawn => "withdrawn",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_that_is_busy_costs_no_comeback_and_waits_at_least_as_long_as_asked() {
        let chance = SeedChance::new(1);
        for code in ["too_fast", "unavailable", "paused"] {
            let Some(Door::Again { after_ms }) = door(code, Some(Duration::from_secs(3)), &chance) else {
                panic!("{code}")
            };
            assert!(after_ms >= 3_000, "{code} {after_ms}");
        }
        assert_eq!(door("closed", None, &chance), Some(Door::Never));
        assert_eq!(door("a code of tomorrow", None, &chance), None);
    }
}
