//! The lock: one sale item, taken with its sale and the clock, changed in memory and saved once.

use std::collections::{HashMap, HashSet};

use sale::{
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    port::{
        ledger::{Counters, Kind, Levels},
        timers::Knock,
    },
    rules::{self, GRACE_MS, Tally},
    sale::{Phase, Sale, Stock},
    time::UnixMs,
};

use super::{Ratified, RatifyError, past::Past, read};
use crate::{
    Journal, JournalError, args,
    change_log::{Change, log_change},
    db::{Row, Tx},
    sales, sql,
};

/// A sale item under its lock. Its counters are a copy until [`Locked::save`] writes them and commits.
pub(crate) struct Locked {
    pub tx: Tx,
    /// The journal's clock, read after the lock was granted and never less than this item's last time.
    pub now: UnixMs,
    pub sale: Sale,
    pub item_id: SaleItemId,
    pub purchase_limit: u32,
    pub tally: Tally,
    pub levels: Levels,
    /// As they were when the lock was granted.
    levels_before: Levels,
    hold_s: i64,
    next_ticket: i64,
    stock_version: i64,
    /// In the order of their first change; `seen` says which they are.
    changed: Vec<ClaimId>,
    seen: HashSet<ClaimId>,
    knocks: Vec<Knock>,
    /// Of those in the batch who have not had their turn.
    pub pasts: HashMap<UserId, Vec<Past>>,
    /// Entries that left the line in this transaction.
    pub settled: u32,
}

impl Journal {
    /// Takes the item's lock, then the clock, then looks at heartbeat and sale.
    ///
    /// Whoever moves time or phase of a sale (a beat that shifts, a verb of the staff) takes the locks of all its items too, so
    /// under this one neither changes any more, and the sale's row need not be locked: its items do not wait for each other.
    pub(crate) async fn lock(&self, item: SaleItemId) -> Result<Locked, RatifyError> {
        let mut tx = self.db.begin().await?;
        let Some(row) = tx.row(sql!("item/lock"), args![item]).await? else { return Err(RatifyError::UnknownItem) };
        let now = self.now(&mut tx).await?.max(row.at("last_at")?);
        let sale_id: SaleId = row.id("sale_id")?;
        let Some(around) = tx.row(sql!("item/around"), args![item, sale_id]).await? else {
            return Err(RatifyError::UnknownItem);
        };
        if !around.opt_at("beat_at")?.is_some_and(|beat| rules::beat_is_fresh(beat, now)) {
            return Err(RatifyError::ClockStands);
        }
        Ok(Locked::of(tx, now, sales::sale_of(&around)?, item, around.count("paid")?, &row)?)
    }
}

impl Locked {
    fn of(tx: Tx, now: UnixMs, sale: Sale, item_id: SaleItemId, paid: u32, row: &Row) -> Result<Self, JournalError> {
        let levels = sales::levels_of(row)?;
        Ok(Self {
            tx,
            now,
            sale,
            item_id,
            purchase_limit: row.count("purchase_limit")?,
            tally: Tally {
                allotment: row.count("allotment")?,
                taken: row.count("taken")?,
                paid,
                standby_limit: row.count("standby_limit")?,
                waiting: row.count("waiting")?,
            },
            levels,
            levels_before: levels,
            hold_s: row.int("hold_s")?,
            next_ticket: row.int("next_ticket")?,
            stock_version: row.int("stock_version")?,
            changed: vec![],
            seen: HashSet::new(),
            knocks: vec![],
            pasts: HashMap::new(),
            settled: 0,
        })
    }

    pub fn phase(&self) -> Phase {
        self.sale.phase(self.now)
    }

    pub fn counters(&mut self, kind: Kind) -> &mut Counters {
        match kind {
            Kind::Units => &mut self.levels.units,
            Kind::Places => &mut self.levels.places,
        }
    }

    /// Remembers that this claim's buyer must be told how it stands.
    pub fn touch(&mut self, claim: ClaimId) {
        if self.seen.insert(claim) {
            self.changed.push(claim);
        }
    }

    /// Units leave the free ones for a new hold.
    pub fn hold(&mut self, claim: ClaimId, buyer: UserId, quantity: u32, what: &str) {
        self.tally.taken += quantity;
        let deadline = self.now.plus_s(self.hold_s);
        let args = args![claim, self.item_id, buyer, quantity, deadline, self.now];
        self.tx.later(sql!("hold/insert"), args);
        let due_at = deadline + GRACE_MS;
        // Whoever hears it ends all that is over: a batch of holds needs one knock.
        if self.knocks.last().is_none_or(|last| last.due_at != due_at) {
            self.knocks.push(Knock { sale_item_id: self.item_id, claim_id: claim, generation: 1, due_at });
        }
        self.log(what, claim, quantity, Some(deadline));
    }

    /// Units of an ended hold are free again, here and in the ledger's limit.
    pub fn give_back_units(&mut self, quantity: u32) {
        self.tally.taken -= quantity;
        self.levels.units.limit += i64::from(quantity);
    }

    /// Places of an ended standby entry are free again.
    pub fn give_back_places(&mut self, quantity: u32) {
        self.tally.waiting -= quantity;
        self.levels.places.limit += i64::from(quantity);
    }

    /// The next standby ticket; they are issued in commit order.
    pub fn ticket(&mut self) -> i64 {
        self.next_ticket += 1;
        self.next_ticket - 1
    }

    /// One line of the change log with the counters as they are now; the claim's buyer is told.
    pub fn log(&mut self, what: &str, claim: ClaimId, quantity: u32, deadline: Option<UnixMs>) {
        self.touch(claim);
        let counters = Some((self.tally.taken, self.tally.waiting));
        let change = Change { what, claim: Some(claim), quantity, counters, deadline };
        log_change(&mut self.tx, self.now, self.item_id, change);
    }

    /// More units. Standby is fed first: the caller settles.
    pub fn restock(&mut self, units: u32) {
        self.tally.allotment += units;
        self.levels.units.limit += i64::from(units);
        let counters = Some((self.tally.taken, self.tally.waiting));
        let change = Change { what: "restocked", claim: None, quantity: units, counters, deadline: None };
        log_change(&mut self.tx, self.now, self.item_id, change);
    }

    /// Writes the item's row and commits; the constraints of the row are the last word.
    pub async fn save(mut self) -> Result<Ratified, JournalError> {
        let (tally, levels) = (self.tally, self.levels);
        let (units, places) = (levels.units, levels.places);
        let args = args![
            tally.allotment,
            tally.taken,
            tally.waiting,
            self.next_ticket,
            self.stock_version + 1,
            self.now,
            units.granted,
            units.limit,
            units.drawn,
            places.granted,
            places.limit,
            places.drawn,
            self.item_id
        ];
        self.tx.run(sql!("item/save"), args).await?;
        let claims = read::told(&mut self.tx, self.item_id, &self.changed).await?;
        // Checkout needs no item's lock: what was paid since ours was granted is told as well.
        let (paid, may_return_by) = match self.tx.row(sql!("hold/stock"), args![self.item_id]).await? {
            Some(row) => (row.count("paid")?, row.opt_at("may_return_by")?),
            None => (tally.paid, None),
        };
        self.tx.commit().await?;
        let stock = Stock {
            stock_version: self.stock_version + 1 + i64::from(paid),
            allotment: tally.allotment,
            held: tally.taken - paid,
            paid,
            waiting: tally.waiting,
            may_return_by,
        };
        Ok(Ratified {
            sale_id: self.sale.id,
            sale_item_id: self.item_id,
            claims,
            levels,
            levels_moved: levels.raised() != self.levels_before.raised(),
            stock,
            knocks: self.knocks,
        })
    }

    /// Whether deadlines of this sale are running at all.
    pub fn is_paused(&self) -> bool {
        self.phase() == Phase::Paused
    }

    /// Free units that nobody may overtake for; see [`rules::promotes`].
    pub fn can_promote(&self, quantity: u32) -> bool {
        rules::promotes(self.phase(), self.tally, quantity)
    }
}
