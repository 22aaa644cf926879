//! Memory: what a buyer believes, the highest version of each thing they were told.

use std::{collections::HashMap, time::Duration};

use sale::{
    claim::ClaimState,
    ids::{ClaimId, SaleItemId},
    sale::{ItemState, Phase},
    time::UnixMs,
};
use tokio::time::Instant;

use super::{
    frame::{ClaimSeen, SaleSeen},
    mind::{OpenAsk, View},
};

#[derive(Debug)]
pub struct Memory {
    item_id: SaleItemId,
    pub phase: Phase,
    sale_version: i64,
    pub item: ItemState,
    stock_version: i64,
    claims: HashMap<ClaimId, ClaimSeen>,
    open: Option<(OpenAsk, Instant)>,
    told_open: bool,
}

impl Memory {
    pub fn new(item_id: SaleItemId) -> Self {
        Self {
            item_id,
            phase: Phase::WaitingRoom,
            sale_version: -1,
            item: ItemState::OnSale,
            stock_version: -1,
            claims: HashMap::new(),
            open: None,
            told_open: false,
        }
    }

    pub fn view(&self, now: UnixMs) -> View<'_> {
        View { now, phase: self.phase, item: self.item, claim: self.latest(), open: self.open.map(|(ask, _)| ask) }
    }

    /// The newest attempt.
    pub fn latest(&self) -> Option<&ClaimSeen> {
        self.claims.values().max_by_key(|claim| claim.attempt)
    }

    /// A claim goes out that should have gone out at `meant`. A repeat keeps the first ask's instants.
    pub fn ask(&mut self, attempt: u32, now: UnixMs, meant: Instant) {
        let (received, first) = match self.open {
            Some((ask, first)) if ask.attempt == attempt => (ask.received, first),
            _ => (false, meant),
        };
        self.open = Some((OpenAsk { attempt, asked_at: now, received }, first));
    }

    /// The receipt came. Returns how long it took, the first time.
    pub fn receipt(&mut self, attempt: u32) -> Option<Duration> {
        let (ask, meant) = self.open.as_mut().filter(|(ask, _)| ask.attempt == attempt)?;
        (!std::mem::replace(&mut ask.received, true)).then(|| meant.elapsed())
    }

    /// The door said no. Returns how long it took; nothing where a receipt had already come.
    pub fn refused(&mut self) -> Option<Duration> {
        let (_, meant) = self.open.filter(|(ask, _)| !ask.received)?;
        self.open = None;
        Some(meant.elapsed())
    }

    /// Whether a claim went out and nothing at all came back.
    pub fn awaits_answer(&self) -> bool {
        self.open.is_some_and(|(ask, _)| !ask.received)
    }

    /// Keeps the higher version. Returns how long the result took, where this is the first decided state of the open ask.
    pub fn claim(&mut self, told: ClaimSeen) -> Option<Duration> {
        if told.sale_item_id != self.item_id {
            return None;
        }
        let decided = told.state != ClaimState::Received;
        let answers = decided && self.open.is_some_and(|(ask, _)| ask.attempt <= told.attempt);
        let took = answers.then(|| self.open.take()).flatten().map(|(_, meant)| meant.elapsed());
        self.keep(told);
        took
    }

    fn keep(&mut self, mut told: ClaimSeen) {
        if let Some(known) = self.claims.get_mut(&told.claim_id) {
            if known.version > told.version {
                return;
            }
            // A pass is not on every channel, and is remembered after the hold's end.
            told.purchase_pass = told.purchase_pass.or_else(|| known.purchase_pass.take());
        }
        self.claims.insert(told.claim_id, told);
    }

    /// Keeps the higher versions. True where this first told that the sale is open.
    pub fn sale(&mut self, told: &SaleSeen) -> bool {
        if told.version > self.sale_version {
            (self.sale_version, self.phase) = (told.version, told.state);
        }
        let known = self.stock_version;
        if let Some(item) = told.items.iter().find(|item| item.id == self.item_id && item.stock_version >= known) {
            (self.stock_version, self.item) = (item.stock_version, item.state);
        }
        self.phase == Phase::Open && !std::mem::replace(&mut self.told_open, true)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::frame::example as claim, *};
    use sale::ids::SaleId;
    use uuid::Uuid;

    const ITEM: SaleItemId = SaleItemId(Uuid::from_u128(9));

    #[tokio::test]
    async fn a_repeated_or_late_frame_changes_nothing() {
        let mut memory = Memory::new(ITEM);
        memory.claim(claim(1, 2, ClaimState::Paid));
        memory.claim(claim(1, 1, ClaimState::Held));
        assert_eq!(memory.latest().unwrap().state, ClaimState::Paid);
    }

    #[tokio::test]
    async fn the_pass_is_remembered_after_its_hold() {
        let mut memory = Memory::new(ITEM);
        memory.claim(claim(1, 1, ClaimState::Held));
        memory.claim(claim(1, 2, ClaimState::Expired));
        assert_eq!(memory.latest().unwrap().purchase_pass.as_deref(), Some("pass"));
    }

    #[tokio::test]
    async fn a_result_closes_the_ask_once_even_when_it_overtakes_the_receipt() {
        let mut memory = Memory::new(ITEM);
        memory.ask(1, UnixMs(0), Instant::now());
        assert!(memory.awaits_answer());
        assert!(memory.claim(claim(1, 0, ClaimState::Received)).is_none());
        assert!(memory.claim(claim(1, 1, ClaimState::Standby)).is_some());
        assert!(memory.receipt(1).is_none() && memory.claim(claim(1, 2, ClaimState::Held)).is_none());
        assert!(!memory.awaits_answer());
    }

    #[tokio::test]
    async fn the_opening_is_told_once() {
        let mut memory = Memory::new(ITEM);
        let frame = |version, state| SaleSeen {
            sale_id: SaleId(Uuid::from_u128(1)),
            version,
            state,
            opens_at: UnixMs(0),
            closes_at: UnixMs(0),
            items: vec![],
        };
        assert!(!memory.sale(&frame(10, Phase::WaitingRoom)));
        assert!(memory.sale(&frame(11, Phase::Open)));
        assert!(!memory.sale(&frame(12, Phase::Paused)) && !memory.sale(&frame(19, Phase::Open)));
        assert!(!memory.sale(&frame(18, Phase::Closed)) && memory.phase == Phase::Open);
    }
}
