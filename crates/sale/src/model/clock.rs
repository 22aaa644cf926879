//! Time: how it passes, stands still and jumps, and what staff do to it.

use super::{Model, desk::Stop, state::Item};
use crate::{
    ids::SaleItemId,
    rules::{self, Law, obeyed, shift_ms},
    sale::{Phase, Stage},
    verdict::record::{Shift, What},
};

const SECOND_MS: i64 = 1_000;

impl Model {
    /// Everybody is awake: every second the clock beats and the sweepers look.
    pub(super) fn advance(&mut self, ms: u16) {
        let end = self.now + i64::from(ms);
        self.tick();
        while self.now < end {
            self.now = (self.now + SECOND_MS).min(end);
            self.tick();
        }
    }

    fn tick(&mut self) {
        self.beat();
        for n in 0..self.plan.items {
            if self.is_due(self.item_id(n)) {
                self.sweep(n);
            }
        }
    }

    /// Time passes and nobody is there to see it.
    pub(super) fn jump(&mut self, ms: u16) {
        self.now = self.now + i64::from(ms);
    }

    /// The heartbeat: where the clock had stood still, every live deadline and close moves by as much.
    pub(super) fn beat(&mut self) {
        let last = self.journal.beat;
        let by_ms = shift_ms(last, self.now);
        // A clock that was set back does not take the heartbeat with it, or its way forth would look like a jump.
        self.journal.beat = last.max(self.now);
        // The clocks of a paused sale stand still anyway; its resume gives all that time back at once.
        if by_ms == 0 || self.journal.sale.paused_at.is_some() {
            return;
        }
        self.journal.shifts.push(Shift { at: self.now, by_ms, sale_id: None });
        if !obeyed(Law::Shift) {
            return;
        }
        let sale = &mut self.journal.sale;
        if sale.stage == Stage::Published && sale.opens_at < self.now && sale.closes_at > last {
            // Nothing of the sale is lost in the time before its opening.
            sale.closes_at = sale.closes_at + by_ms.min(self.now - sale.opens_at);
            sale.row_version += 1;
        }
        self.move_deadlines(by_ms);
    }

    /// Moves every live deadline forward, and says so to their buyers.
    fn move_deadlines(&mut self, by_ms: i64) {
        let live = self.journal.holds.values_mut().filter(|hold| hold.state.is_live());
        let mut moved = vec![];
        for hold in live {
            hold.deadline = hold.deadline + by_ms;
            hold.generation += 1;
            hold.version += 1;
            moved.push((hold.sale_item_id, hold.claim_id, hold.quantity, hold.deadline));
        }
        for (item, claim, quantity, deadline) in moved {
            self.journal.log(self.now, item, Some(claim), What::Shifted, quantity, Some(deadline));
            self.announce(claim);
        }
    }

    pub(super) fn pause(&mut self) {
        if self.may_judge() && self.journal.sale.phase(self.now) == Phase::Open {
            self.journal.sale.paused_at = Some(self.now);
            self.journal.sale.row_version += 1;
        }
    }

    /// Every clock of the sale goes on where it stood.
    pub(super) fn resume(&mut self) {
        if self.may_judge() && self.journal.sale.phase(self.now) == Phase::Paused {
            self.go_on();
            self.journal.sale.row_version += 1;
        }
    }

    fn go_on(&mut self) {
        let sale = &mut self.journal.sale;
        let Some(paused_at) = sale.paused_at.take() else { return };
        let by_ms = (self.now - paused_at).max(0);
        sale.closes_at = sale.closes_at + by_ms;
        let sale_id = Some(sale.id);
        self.journal.shifts.push(Shift { at: self.now, by_ms, sale_id });
        self.move_deadlines(by_ms);
    }

    /// The close moves, only ever later.
    pub(super) fn extend(&mut self, ms: u16) {
        if self.may_judge() && !rules::is_over(self.journal.sale.phase(self.now)) && ms > 0 {
            let sale = &mut self.journal.sale;
            sale.closes_at = sale.closes_at + i64::from(ms);
            sale.row_version += 1;
        }
    }

    /// Staff end the sale early, and with it a pause: holds that live on must run.
    pub(super) fn close(&mut self) {
        if !self.may_judge() || rules::is_over(self.journal.sale.phase(self.now)) {
            return;
        }
        self.go_on();
        let sale = &mut self.journal.sale;
        sale.stage = Stage::Closed;
        if self.now > sale.opens_at {
            sale.closes_at = self.now;
        }
        sale.row_version += 1;
        (0..self.plan.items).for_each(|n| self.sweep(n));
    }

    /// More units; who waits is first.
    pub(super) fn restock(&mut self, item: u8, units: u8) {
        let item = self.item_id(item);
        let units = u32::from(units);
        let _ = self.transact(item, |desk| {
            if rules::is_over(desk.phase()) || units == 0 {
                return Err(Stop::NotNow);
            }
            let row = &mut desk.item().row;
            row.allotment += units;
            row.levels.units.limit += i64::from(units);
            let (at, item) = (desk.now, desk.item_id);
            desk.journal.log(at, item, None, What::Restocked, units, None);
            desk.settle();
            Ok(())
        });
    }

    fn may_judge(&self) -> bool {
        rules::beat_is_fresh(self.journal.beat, self.now)
    }

    /// The item of an id, for whoever shows it.
    pub fn item(&self, id: SaleItemId) -> Option<&Item> {
        self.journal.items.get(&id)
    }
}
