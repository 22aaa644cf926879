//! The command: what can be done to the model, by people, by our processes, by time, and by misfortune.

use crate::verdict::{
    observe::{Receipt, Seen},
    record::Change,
};

/// One step. Every `pick`, `batch`, `buyer` and `item` counts round and round over what there is, so that any number means something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A buyer asks for units: their last attempt again (`ahead` 0), a new one if that has ended (1), or one out of turn. A rogue
    /// door lets it through whatever the phase, and its receipt is lost.
    Claim {
        buyer: u8,
        item: u8,
        ahead: u8,
        quantity: u8,
        rogue: bool,
    },
    /// Over the socket: a command on the queue.
    Withdraw {
        buyer: u8,
        item: u8,
    },
    /// Over HTTP: at once.
    WithdrawNow {
        buyer: u8,
        item: u8,
    },

    /// The consumer takes up to so many commands of one item from the queue.
    Receive {
        max: u8,
    },
    /// It asks the ledger.
    Take {
        batch: u8,
    },
    /// It asks the journal.
    Ratify {
        batch: u8,
    },
    Ack {
        batch: u8,
    },
    /// The consumer dies; what it had in hand is delivered again.
    Crash,
    /// The consumer freezes; another takes over, and the frozen one may still wake and act.
    Stall,
    /// A message is delivered twice.
    Duplicate {
        pick: u8,
    },
    Reorder {
        a: u8,
        b: u8,
    },

    /// One of the journal's tellings reaches the ledger, late, in any order, or never.
    Relay {
        pick: u8,
        lose: bool,
    },
    /// The reconciler compares ledger and journal.
    Reconcile {
        item: u8,
    },
    /// The ledger loses its last writes; with 0, everything.
    LoseWrites {
        item: u8,
        back: u8,
    },

    /// One message of the bus reaches its buyer, in any order, twice, or never.
    Tell {
        pick: u8,
        lose: bool,
        again: bool,
    },
    /// A buyer asks what became of their claims.
    Read {
        buyer: u8,
    },

    /// A buyer with a hold begins to pay.
    Pay {
        pick: u8,
    },
    /// The provider makes up its mind.
    Authorise {
        pick: u8,
        yes: bool,
    },
    /// We hear (or ask) what it decided; without a decision nothing happens.
    Hear {
        pick: u8,
    },
    /// The reconciler ends a payment whose answer never came.
    Cancel {
        pick: u8,
    },
    /// An authorisation dies at the provider before its capture.
    Lapse {
        pick: u8,
    },
    /// The outbox does one thing; the worker may die before it says so.
    Work {
        pick: u8,
        forget: bool,
    },
    /// A checkout is sent again under its old key.
    Repeat {
        pick: u8,
    },
    Refund {
        pick: u8,
    },

    /// Time passes and everybody is awake: a beat and a sweep every second.
    Advance {
        ms: u16,
    },
    /// Time passes and nobody is there.
    Jump {
        ms: u16,
    },
    Beat,
    Sweep {
        item: u8,
    },
    Pause,
    Resume,
    Extend {
        ms: u16,
    },
    Close,
    Restock {
        item: u8,
        units: u8,
    },
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Committed(Change),
    Told(Seen),
    Receipt(Receipt),
}
