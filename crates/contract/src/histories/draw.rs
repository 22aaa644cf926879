//! Draw: what happens next. The work of a healthy house outweighs its misfortunes, or nothing would ever be sold.

use kit::clock::SeedChance;
use sale::model::Command;

use crate::fresh::below;

/// One step of a history; every number counts round and round over what there is.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A buyer's last attempt again (`ahead` 0), the next one if that has ended (1), or one out of turn.
    Claim {
        buyer: u8,
        item: u8,
        ahead: u8,
    },
    /// A whole round of the consumer: receive, take, ratify, ack.
    Serve {
        max: u8,
    },
    /// The ledger loses its last writes on every item; with 0, everything.
    Lose {
        back: u8,
    },
    /// Somebody who misses an item in the ledger builds it at the epoch that is.
    Build,
    /// The provider makes up its mind about a payment, and we hear it.
    Answer {
        pick: u8,
        yes: bool,
    },
    /// Time passes in a house that is well: the heart beats every second, and the sweeper looks.
    Pass {
        seconds: u8,
    },
    /// One long second.
    Stride {
        ms: u16,
    },
    /// The clock is set back.
    Back {
        ms: u16,
    },
    Of(Command),
}

/// Whether a step moves claims to and from consumers only, and touches neither journal nor ledger.
pub(super) fn is_of_the_queue(step: &Step) -> bool {
    use Command as C;
    match step {
        Step::Claim { .. } => true,
        Step::Of(command) => matches!(
            command,
            C::Withdraw { .. }
                | C::Receive { .. }
                | C::Ack { .. }
                | C::Crash
                | C::Stall
                | C::Duplicate { .. }
                | C::Reorder { .. }
        ),
        _ => false,
    }
}

pub(super) fn step(chance: &SeedChance) -> Step {
    use Command as C;
    let n = |bound: u64| below(chance, bound) as u8;
    let any = || n(256);
    let rarely = |times: u64| n(times) == 0;
    // Mostly the oldest batch in hand.
    let first = || if rarely(5) { any() } else { 0 };
    let ahead = || [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3][usize::from(n(12))];
    match n(160) {
        0..50 => Step::Claim { buyer: any(), item: n(2), ahead: ahead() },
        50..75 => Step::Serve { max: 1 + n(5) },
        75..83 => Step::Of(C::Withdraw { buyer: any(), item: n(2) }),
        83..87 => Step::Of(C::WithdrawNow { buyer: any(), item: n(2) }),
        87..91 => Step::Of(C::Receive { max: 1 + n(4) }),
        91..95 => Step::Of(C::Take { batch: first() }),
        95..99 => Step::Of(C::Ratify { batch: first() }),
        99..101 => Step::Of(C::Ack { batch: first() }),
        101 => Step::Of(C::Crash),
        102..104 => Step::Of(C::Stall),
        104..106 => Step::Of(C::Duplicate { pick: any() }),
        106 => Step::Of(C::Reorder { a: any(), b: any() }),
        107..113 => Step::Of(C::Relay { pick: any(), lose: rarely(5) }),
        113..117 => Step::Of(C::Reconcile { item: n(2) }),
        117..120 => Step::Lose { back: n(4) },
        120 => Step::Build,
        121..129 => Step::Of(C::Pay { pick: any() }),
        129..136 => Step::Answer { pick: any(), yes: !rarely(4) },
        136 => Step::Of(C::Cancel { pick: any() }),
        137..145 => Step::Pass { seconds: 1 + n(3) },
        145..147 => Step::Of(C::Jump { ms: 1 + u16::from(any()) * 12 }),
        147 => Step::Of(C::Jump { ms: 5_000 + u16::from(any()) * 100 }),
        148 => Step::Of(C::Beat),
        149 => Step::Back { ms: 1 + u16::from(any()) * 30 },
        150..152 => Step::Of(C::Sweep { item: n(2) }),
        152 => Step::Of(C::Pause),
        153..155 => Step::Of(C::Resume),
        155 => Step::Of(C::Extend { ms: u16::from(any()) * 40 }),
        156..158 => Step::Of(C::Restock { item: n(2), units: n(3) }),
        158 if rarely(3) => Step::Of(C::Close),
        _ => Step::Of(C::Beat),
    }
}
