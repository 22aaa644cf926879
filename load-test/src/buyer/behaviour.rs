//! Behaviour: the kinds of people in the crowd, and how many of each.

use sale::port::chance::Chance;

use super::wait::weighed;

/// What a buyer does with what they get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Behaviour {
    Pay,
    DeclineThenPay,
    DeclineForever,
    /// Holds and never pays; tries the dead pass afterwards.
    LetExpire,
    WithdrawHold,
    WithdrawStandby,
    /// The bank takes longer than the hold.
    SlowPayer,
    /// The bank says yes and nobody hears it.
    UnknownPayer,
    /// The bank never gets the question.
    LostPayer,
    /// Two signed-in devices that claim and pay at once.
    TwoDevices,
    /// Every tap comes several times in parallel.
    DoubleTapper,
    LateComer,
    /// Claims before the opening, again and again.
    Eager,
    WrongAnswer,
    /// Tries everything that is not theirs, then buys like anybody.
    Forger,
}

use Behaviour::*;

/// The story's crowd: enough payers to sell out, enough others to bring every unit back once or twice.
pub const STORY: &[(Behaviour, u64)] = &[
    (Pay, 22),
    (DeclineThenPay, 8),
    (DeclineForever, 9),
    (LetExpire, 18),
    (WithdrawHold, 8),
    (WithdrawStandby, 9),
    (SlowPayer, 4),
    (UnknownPayer, 3),
    (LostPayer, 3),
    (TwoDevices, 3),
    (DoubleTapper, 4),
    (LateComer, 3),
    (Eager, 2),
    (WrongAnswer, 2),
    (Forger, 2),
];

/// The crash's crowd: mostly people who give units back, so that the sale outlives the kills.
pub const CRASH: &[(Behaviour, u64)] = &[
    (Pay, 14),
    (DeclineThenPay, 8),
    (DeclineForever, 12),
    (LetExpire, 22),
    (WithdrawHold, 14),
    (WithdrawStandby, 10),
    (SlowPayer, 5),
    (UnknownPayer, 3),
    (LostPayer, 3),
    (TwoDevices, 3),
    (DoubleTapper, 6),
];

/// Nobody pays: every unit comes back.
pub const HESITANT: &[(Behaviour, u64)] = &[(LetExpire, 45), (WithdrawHold, 30), (DeclineForever, 25)];

/// Everybody pays, and the bank does all that banks do.
pub const PAYERS: &[(Behaviour, u64)] = &[
    (Pay, 15),
    (DeclineThenPay, 20),
    (DeclineForever, 10),
    (SlowPayer, 15),
    (UnknownPayer, 12),
    (LostPayer, 12),
    (TwoDevices, 6),
    (DoubleTapper, 10),
];

impl Behaviour {
    /// The token each checkout of one hold pays with, in order.
    pub fn cards(self) -> &'static [&'static str] {
        match self {
            LetExpire | WithdrawHold => &[],
            DeclineThenPay => &["tok_decline_then_approve", "tok_decline_then_approve", "tok_approve"],
            DeclineForever => &["tok_decline", "tok_decline", "tok_decline"],
            SlowPayer => &["tok_slow_3000"],
            UnknownPayer => &["tok_unknown"],
            LostPayer => &["tok_lost"],
            _ => &["tok_approve"],
        }
    }

    /// Draws one kind by its weight.
    pub fn draw(crowd: &[(Self, u64)], chance: &dyn Chance) -> Self {
        weighed(crowd, chance).unwrap_or(Pay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::clock::SeedChance;
    use std::collections::HashSet;

    #[test]
    fn a_thousand_people_are_of_every_kind_and_the_same_seed_brings_the_same_people() {
        let draw = |seed| {
            let chance = SeedChance::new(seed);
            (0..1_000).map(|_| Behaviour::draw(STORY, &chance)).collect::<Vec<_>>()
        };
        let crowd = draw(1);
        assert_eq!(crowd.iter().collect::<HashSet<_>>().len(), STORY.len());
        assert_eq!(crowd, draw(1));
        assert_ne!(crowd, draw(2));
    }
}
