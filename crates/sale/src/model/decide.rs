//! Deciding: the ledger grants a batch, one transaction of the journal ratifies it.

use super::{
    Model,
    desk::{Desk, Stop},
    nth,
    state::Batch,
};
use crate::{
    claim::{Claim, Command},
    hold::HoldState,
    ids::ClaimId,
    port::ledger::{Ask, Grant, Kind},
    rules::{Decision, Law, Standing, decide, obeyed},
    verdict::record::{ClaimRow, EntryRow, EntryState, HoldRow, Outcome, What},
};

impl Model {
    /// Asks the ledger for a whole batch; a ledger that lost the item is rebuilt first.
    pub(super) fn take(&mut self, batch: u8) {
        let Some(n) = nth(batch, self.hands.len()) else { return };
        let (item, asks) = (self.hands[n].item, asks(&self.hands[n].commands));
        if self.hands[n].decided {
            return;
        }
        if asks.is_empty() {
            // Withdrawals do not need the ledger, in whatever life it is.
            self.hands[n].granted = Some((0, vec![Grant::Nothing; self.hands[n].commands.len()]));
            return;
        }
        if !self.ledger.contains_key(&item) {
            self.raise_epoch(item);
        }
        let Some(ledger) = self.ledger.get_mut(&item) else { return };
        let (epoch, mut given) = ledger.take(&asks);
        given.reverse();
        let grant = |c: &Command| match c {
            Command::Claim(_) => given.pop().unwrap_or(Grant::Nothing),
            Command::Withdraw(_) => Grant::Nothing,
        };
        let grants: Vec<_> = self.hands[n].commands.iter().map(grant).collect();
        if !obeyed(Law::ToldAfterCommit) {
            self.tell_too_early(n, &grants);
        }
        self.hands[n].granted = Some((epoch, grants));
    }

    /// One transaction decides the batch. A batch of another epoch, and one whose grants have a gap, is taken again.
    pub(super) fn ratify(&mut self, batch: u8) {
        let Some(n) = nth(batch, self.hands.len()) else { return };
        let Batch { item, commands, granted, decided, .. } = self.hands[n].clone();
        let Some((epoch, grants)) = granted.filter(|_| !decided) else { return };
        match self.transact(item, |desk| desk.ratify(epoch, &commands, &grants)) {
            Ok(()) => self.hands[n].decided = true,
            Err(Stop::ClockStands | Stop::NotNow) => {}
            Err(Stop::OtherEpoch) => {
                self.hands[n].granted = None;
                self.rebuild(item);
            }
            Err(Stop::Regression) => {
                self.hands[n].granted = None;
                self.raise_epoch(item);
            }
        }
    }
}

/// What a batch asks of the ledger: withdrawals ask nothing.
fn asks(commands: &[Command]) -> Vec<Ask> {
    let claims = commands.iter().filter_map(|c| match c {
        Command::Claim(claim) => Some(Ask { claim_id: claim.id, quantity: claim.quantity }),
        Command::Withdraw(_) => None,
    });
    claims.collect()
}

impl Desk {
    /// Applies a batch in order, and settles after every command.
    fn ratify(&mut self, epoch: i64, commands: &[Command], grants: &[Grant]) -> Result<(), Stop> {
        let claims = commands.iter().any(|command| matches!(command, Command::Claim(_)));
        if claims && epoch != self.item().row.levels.epoch && obeyed(Law::Epoch) {
            return Err(Stop::OtherEpoch);
        }
        for (command, grant) in commands.iter().zip(grants) {
            let claim = command.claim();
            let granted = self.count(epoch, claim, *grant)?;
            let known = self.journal.claims.contains_key(&claim.id) && obeyed(Law::OneDecision);
            match command {
                Command::Withdraw(_) => self.withdraw(claim),
                // Its row is the answer; told again, for the receipt was a promise.
                Command::Claim(_) if known => {
                    self.give_back(granted, claim.quantity);
                    self.mark(claim.id);
                }
                Command::Claim(_) => self.decide(claim, epoch, *grant, granted),
            }
            self.settle();
        }
        Ok(())
    }

    /// Ratifies a grant: the next number of its kind, or the very one that the claim's row carries already.
    ///
    /// Returns the kind of a fresh grant that the caller must use or give back.
    fn count(&mut self, epoch: i64, claim: &Claim, grant: Grant) -> Result<Option<Kind>, Stop> {
        let Grant::Granted { kind, first, quantity } = grant else { return Ok(None) };
        let row = self.journal.claims.get_mut(&claim.id);
        if row.as_ref().is_some_and(|row| row.epoch == epoch && row.grant == Some((kind, first))) {
            return Ok(None);
        }
        // The row carries its newest grant, or the next repeat of this one would look like a lost write.
        if let Some(row) = row {
            (row.epoch, row.grant) = (epoch, Some((kind, first)));
        }
        let counters = self.counters(kind);
        if first != counters.granted + 1 {
            return Err(Stop::Regression);
        }
        counters.granted += i64::from(quantity);
        if quantity == claim.quantity {
            return Ok(Some(kind));
        }
        // Granted when the same claim asked for another quantity: of no use now.
        self.give_back(Some(kind), quantity);
        Ok(None)
    }

    /// A granted number that nobody will use.
    fn give_back(&mut self, granted: Option<Kind>, quantity: u32) {
        if let Some(kind) = granted {
            self.counters(kind).limit += i64::from(quantity);
        }
    }

    /// Decides an unknown claim by the rules, on the journal's own counters.
    fn decide(&mut self, claim: &Claim, epoch: i64, grant: Grant, granted: Option<Kind>) {
        let limit = self.item().row.purchase_limit;
        let decision = decide(self.phase(), limit, self.tally(), self.standing(claim), claim.quantity);
        let (outcome, reason) = match decision {
            Decision::Hold => (Outcome::Hold, None),
            Decision::Standby => (Outcome::Standby, None),
            Decision::Refuse(reason) => (Outcome::Refused, Some(reason)),
        };
        let grant = match grant {
            Grant::Granted { kind, first, .. } => Some((kind, first)),
            Grant::Nothing => None,
        };
        self.write(claim, outcome, epoch, grant);
        if let Some(row) = self.journal.claims.get_mut(&claim.id) {
            row.reason = reason;
        }
        match decision {
            Decision::Hold => {
                self.cover(Kind::Units, granted, claim.quantity);
                self.hold(claim.id, What::Held);
            }
            Decision::Standby => {
                self.cover(Kind::Places, granted, claim.quantity);
                self.stand_by(claim);
            }
            Decision::Refuse(_) => {
                self.give_back(granted, claim.quantity);
                self.log(claim.id, What::Refused, claim.quantity, None);
            }
        }
    }

    /// How the buyer stands on this item, this claim apart.
    fn standing(&self, claim: &Claim) -> Standing {
        let own =
            |c: &&ClaimRow| (c.sale_item_id, c.buyer_id) == (claim.sale_item_id, claim.buyer_id) && c.id != claim.id;
        let (mut units, mut live, mut lower) = (0, false, 0);
        for row in self.journal.claims.values().filter(own) {
            let holds = self.journal.counted_units(row.id);
            let row_lives = self.journal.is_live(row.id);
            units += holds;
            live |= row_lives;
            lower += u32::from(row.attempt < claim.attempt && !row_lives);
        }
        Standing { units, live, lower_ended: lower + 1 == claim.attempt }
    }

    /// A claim's row.
    pub(super) fn write(&mut self, claim: &Claim, outcome: Outcome, epoch: i64, grant: Option<(Kind, i64)>) {
        let row = ClaimRow {
            id: claim.id,
            sale_item_id: claim.sale_item_id,
            buyer_id: claim.buyer_id,
            attempt: claim.attempt,
            quantity: claim.quantity,
            outcome,
            reason: None,
            version: 1,
            epoch,
            grant,
            received_at: claim.received_at,
            decided_at: self.now,
        };
        self.journal.claims.insert(claim.id, row);
    }

    /// Units leave for a buyer: a hold with its deadline.
    pub(super) fn hold(&mut self, claim_id: ClaimId, what: What) {
        let Some(claim) = self.journal.claims.get(&claim_id).cloned() else { return };
        let deadline = self.now.plus_s(self.item().row.hold_s.into());
        self.item().row.taken += claim.quantity;
        let row = HoldRow {
            claim_id,
            sale_item_id: claim.sale_item_id,
            buyer_id: claim.buyer_id,
            quantity: claim.quantity,
            state: HoldState::Held,
            version: 1,
            generation: 1,
            deadline,
        };
        self.journal.holds.insert(claim_id, row);
        self.log(claim_id, what, claim.quantity, Some(deadline));
    }

    fn stand_by(&mut self, claim: &Claim) {
        let ticket = self.item().next_ticket;
        self.item().next_ticket += 1;
        self.item().row.waiting += claim.quantity;
        let row = EntryRow {
            claim_id: claim.id,
            sale_item_id: claim.sale_item_id,
            buyer_id: claim.buyer_id,
            ticket,
            quantity: claim.quantity,
            state: EntryState::Waiting,
        };
        self.journal.standby.insert(claim.id, row);
        self.log(claim.id, What::Standby, claim.quantity, None);
    }
}
