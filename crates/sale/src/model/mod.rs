//! The reference model: a whole sale on paper, its ledger, journal, queue, bus and provider apart, one command at a time.
//!
//! It decides by [`crate::rules`] as the journal does, and loses, doubles and reorders messages as the world does. Random
//! histories of it must satisfy [`crate::verdict`]; so must the real servers, which are compared with it.

mod clock;
mod command;
mod decide;
mod desk;
mod hold;
pub mod ledger;
mod money;
mod queue;
mod record;
mod relay;
mod settle;
mod state;
mod tell;

pub use command::{Command, Event};
pub use state::{Item, Journal, Model, Plan, Queued};

impl Model {
    /// Obeys one command and returns what came of it. A command that cannot be does nothing.
    pub fn step(&mut self, command: Command) -> Vec<Event> {
        let marks = (self.journal.log.len(), self.told.len(), self.receipts.len());
        self.still = false;
        self.obey(command);
        self.since(marks)
    }

    fn obey(&mut self, command: Command) {
        use Command as C;
        match command {
            C::Claim { buyer, item, ahead, quantity, rogue } => self.claim(buyer, item, ahead, quantity, rogue),
            C::Withdraw { buyer, item } => self.withdraw(buyer, item),
            C::WithdrawNow { buyer, item } => self.withdraw_now(buyer, item),
            C::Receive { max } => self.receive(max),
            C::Take { batch } => self.take(batch),
            C::Ratify { batch } => self.ratify(batch),
            C::Ack { batch } => self.ack(batch),
            C::Crash => self.crash(),
            C::Stall => self.stall(),
            C::Duplicate { pick } => self.duplicate(pick),
            C::Reorder { a, b } => self.reorder(a, b),
            C::Relay { pick, lose } => self.relay(pick, lose),
            C::Reconcile { item } => self.reconcile(item),
            C::LoseWrites { item, back } => self.lose_writes(item, back),
            C::Tell { pick, lose, again } => self.tell(pick, lose, again),
            C::Read { buyer } => self.read(buyer),
            C::Pay { pick } => self.pay(pick),
            C::Authorise { pick, yes } => self.authorise(pick, yes),
            C::Hear { pick } => self.hear(pick),
            C::Cancel { pick } => self.cancel(pick),
            C::Lapse { pick } => self.lapse(pick),
            C::Work { pick, forget } => self.work(pick, forget),
            C::Repeat { pick } => self.repeat(pick),
            C::Refund { pick } => self.refund(pick),
            C::Advance { ms } => self.advance(ms),
            C::Jump { ms } => self.jump(ms),
            C::Beat => self.beat(),
            C::Sweep { item } => self.sweep(item),
            C::Pause => self.pause(),
            C::Resume => self.resume(),
            C::Extend { ms } => self.extend(ms),
            C::Close => self.close(),
            C::Restock { item, units } => self.restock(item, units),
        }
    }

    fn since(&self, (log, told, receipts): (usize, usize, usize)) -> Vec<Event> {
        let changes = self.journal.log[log..].iter().cloned().map(Event::Committed);
        let told = self.told[told..].iter().cloned().map(Event::Told);
        changes.chain(told).chain(self.receipts[receipts..].iter().cloned().map(Event::Receipt)).collect()
    }
}

/// The `pick`-th of so many, round and round; `None` of nothing.
fn nth(pick: u8, len: usize) -> Option<usize> {
    (len > 0).then(|| usize::from(pick) % len)
}
