//! The session: what the frames of one line mean. What memory knows is answered at once; the rest is asked elsewhere, and the
//! line hears nothing more until the answer is there.

use sale::ids::{ClaimId, SaleId, SaleItemId, UserId};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    ask::{Ask, Found, Reply, Seated, What},
    end::End,
    frame::{self, Asked, Frame, Op, Refused, Said, Topic},
    inbox::Word,
    reactor::Reactor,
};

/// So many frames that nobody understands end a line.
const STRIKES_MAX: u8 = 3;

/// What is left of a `watch` frame.
pub(super) struct Wanted {
    rest: std::vec::IntoIter<SaleId>,
    /// Watched from this frame on, and known.
    fresh: Vec<SaleId>,
}

impl Reactor {
    /// One frame of a client. Errors: the line must end.
    pub(super) fn understand(&mut self, slot: usize, text: &str) -> Result<(), End> {
        match Asked::read(text) {
            Err((code, detail)) => self.strike(slot, code, detail),
            Ok(Asked::Clock { t0 }) => {
                self.say(slot, &Said::Clock { t0, t1: self.push.schedule.now() }.answer());
            }
            Ok(Asked::Watch { sale_ids }) => self.begin_watch(slot, sale_ids),
            Ok(Asked::Auth { access_token }) => return self.auth(slot, access_token),
            Ok(Asked::Claim { sale_item_id, .. }) if self.turned_back(slot, sale_item_id) => {}
            Ok(Asked::Claim { sale_item_id, quantity, attempt, answer }) => {
                let what = |buyer| What::Claim { buyer, item: sale_item_id, quantity, attempt, answer };
                self.ask_as_buyer(slot, what, |code, retry_after_ms| {
                    Refused::claim(sale_item_id, code, retry_after_ms)
                });
            }
            Ok(Asked::Withdraw { claim_id }) => {
                let what = |buyer| What::Withdraw { buyer, claim: claim_id };
                self.ask_as_buyer(slot, what, |code, retry_after_ms| Refused::withdraw(claim_id, code, retry_after_ms));
            }
        }
        Ok(())
    }

    /// A frame that was not understood: told, and counted.
    pub(super) fn strike(&mut self, slot: usize, code: &'static str, detail: String) {
        metrics::counter!("publisher_frames_refused_total", "code" => code).increment(1);
        self.say(slot, &Said::Error { code, detail }.answer());
        let Some(line) = self.lines.get_mut(slot) else { return };
        line.strikes += 1;
        if line.strikes >= STRIKES_MAX {
            self.leave(slot, End::Policy);
        }
    }

    fn auth(&mut self, slot: usize, token: String) -> Result<(), End> {
        // A house that has no room for one more question has none for one more buyer either.
        let room = self.room().ok_or(End::TooMany)?;
        let watched = self.lines.get(slot).map(|line| self.watchers.of(line)).unwrap_or_default();
        self.ask(slot, room, What::Auth { token, watched });
        Ok(())
    }

    /// Who proved to speak through this line.
    fn buyer(&self, slot: usize) -> Option<UserId> {
        self.lines.get(slot)?.buyer.as_ref().map(|proved| proved.user_id)
    }

    /// Whether memory alone turns a claim back; then that is told. Most of a losing crowd ends here, and costs nobody a task.
    fn turned_back(&mut self, slot: usize, item: SaleItemId) -> bool {
        let refusal = match (self.buyer(slot), &self.push.accept) {
            (Some(buyer), Some(accept)) => accept.peek(buyer, item).err(),
            _ => None,
        };
        let Some(refusal) = refusal else { return false };
        refusal.count("socket");
        let refused = Refused::claim(item, refusal.code(), refusal.retry_after_ms());
        self.say(slot, &Said::Refused(refused).answer());
        true
    }

    /// Asks what only a buyer may ask.
    fn ask_as_buyer(
        &mut self,
        slot: usize,
        what: impl FnOnce(UserId) -> What,
        refused: impl FnOnce(&'static str, Option<i64>) -> Refused,
    ) {
        let Some(buyer) = self.buyer(slot) else {
            return self.say(slot, &Said::Refused(refused("unauthorized", None)).answer());
        };
        let takes_claims = self.push.accept.is_some();
        match self.room().filter(|_| takes_claims) {
            Some(room) => self.ask(slot, room, what(buyer)),
            None => {
                let retry_after_ms = takes_claims.then(|| self.push.resume_after_ms());
                self.say(slot, &Said::Refused(refused("unavailable", retry_after_ms)).answer());
            }
        }
    }

    /// Room for one more frame in work.
    fn room(&self) -> Option<OwnedSemaphorePermit> {
        self.desk.room.clone().try_acquire_owned().ok()
    }

    /// Hands a frame on; the line is busy until its answer is there.
    fn ask(&mut self, slot: usize, room: OwnedSemaphorePermit, what: What) {
        let (Some(at), Some(line)) = (self.at(slot), self.lines.get_mut(slot)) else { return };
        line.in_work = true;
        let reply = Reply::new(self.push.hub.clone(), at, room);
        let ask = Ask { address: line.address(), what, reply };
        // There is a place for each permit. Where nobody works any more, the reply that is dropped here frees the line.
        let _ = self.desk.asks.try_send(ask);
    }

    pub(super) fn take_word(&mut self, slot: usize, word: Word) {
        match word {
            Word::Say(frame) => self.say(slot, &frame),
            Word::Claim(buyer, frame) => {
                if self.lines.get(slot).is_some_and(|line| line.speaks_for(buyer)) {
                    self.say(slot, &frame);
                }
            }
            Word::Seated(seated) => self.seat(slot, seated),
            Word::Found(found) => {
                self.work_is_done(slot);
                self.found(slot, found);
                self.go_on(slot);
            }
            Word::Done => {
                self.work_is_done(slot);
                self.go_on(slot);
            }
            Word::End(end) => self.leave(slot, end),
        }
    }

    fn work_is_done(&mut self, slot: usize) {
        if let Some(line) = self.lines.get_mut(slot) {
            line.in_work = false;
        }
    }

    fn go_on(&mut self, slot: usize) {
        match self.lines.get(slot) {
            Some(line) if line.leaving.is_some() && !line.in_work => self.farewell(slot),
            Some(_) => self.resume(slot),
            None => {}
        }
    }

    /// The session first, then whatever is told to its buyer, then the present state, which covers the moment between.
    fn seat(&mut self, slot: usize, seated: Seated) {
        let Seated { proved, here } = seated;
        let (Some(at), Some(line)) = (self.at(slot), self.lines.get_mut(slot)) else { return };
        if line.leaving.as_ref().is_some_and(|leaving| leaving.until.is_some()) {
            return;
        }
        let before = line.buyer.replace(Box::new(proved));
        let hub = self.push.hub.clone();
        if let Some(other) = before.filter(|before| before.user_id != proved.user_id) {
            line.forget_claims();
            hub.stand_up(at, other.user_id);
        }
        self.say(slot, &Said::Session { user_id: proved.user_id }.answer());
        // It may have broken while it was told.
        if self.at(slot) == Some(at) {
            hub.sit_down(at, proved.user_id, self.push.resume_after_ms());
            let _ = here.send(());
        }
    }

    fn begin_watch(&mut self, slot: usize, sale_ids: Vec<SaleId>) {
        self.watch(slot, Wanted { rest: sale_ids.into_iter(), fresh: vec![] });
    }

    fn watch(&mut self, slot: usize, mut wanted: Wanted) {
        while let Some(sale) = wanted.rest.next() {
            let Some(line) = self.lines.get(slot) else { return };
            let known = self.watchers.watches(line, sale);
            if !known && line.watching.len() >= self.push.config.watched_max {
                self.refuse_watch(slot, sale, "too_many", None);
                break;
            }
            // Registered first, read second: what changes in between is told twice, not never.
            if !known {
                self.watchers.watch(&mut self.lines, slot, sale);
            }
            match self.sale(sale) {
                Some(frame) => self.watches(slot, sale, known, &frame, &mut wanted),
                None => return self.look_up(slot, sale, known, wanted),
            }
        }
        self.tell_present(slot, wanted.fresh);
    }

    /// The sale is there: its snapshot, and then its changes.
    fn watches(&mut self, slot: usize, sale: SaleId, known: bool, frame: &Frame, wanted: &mut Wanted) {
        self.say(slot, frame);
        if !known && self.buyer(slot).is_some() {
            wanted.fresh.push(sale);
        }
    }

    /// A sale as it is now, from the schedule; written down once for all who come at this moment.
    fn sale(&mut self, id: SaleId) -> Option<Frame> {
        let known = self.push.schedule.sale(id)?;
        let now = self.push.schedule.judged();
        let topic = Topic::Sale(id, known.sale.version(now), known.stock_version());
        if let Some(last) = self.watchers.last(id).filter(|last| last.topic == topic) {
            return Some(last.clone());
        }
        let frame = frame::sale(&known, now);
        self.watchers.keep_last(id, &frame);
        Some(frame)
    }

    /// A sale that is over, or just published: the journal knows.
    fn look_up(&mut self, slot: usize, sale: SaleId, known: bool, wanted: Wanted) {
        match self.room() {
            Some(room) => self.ask(slot, room, What::LookUp { sale, known, wanted }),
            None => {
                let told = Err(("unavailable", Some(1000 + self.push.resume_after_ms())));
                self.found(slot, Found { sale, known, told, wanted });
            }
        }
    }

    /// A sale was looked up; the rest of the frame follows.
    fn found(&mut self, slot: usize, found: Found) {
        let Found { sale, known, told, mut wanted } = found;
        match told {
            Ok(frame) => self.watches(slot, sale, known, &frame, &mut wanted),
            Err((code, retry_after_ms)) => {
                if !known {
                    self.watchers.unwatch(&mut self.lines, slot, sale);
                }
                self.refuse_watch(slot, sale, code, retry_after_ms);
            }
        }
        self.watch(slot, wanted);
    }

    fn refuse_watch(&mut self, slot: usize, sale: SaleId, code: &'static str, retry_after_ms: Option<i64>) {
        self.say(slot, &Said::Refused(Refused::watch(sale, code, retry_after_ms)).answer());
    }

    /// How the claims of its buyer stand on the sales that a line watches from now on.
    fn tell_present(&mut self, slot: usize, sales: Vec<SaleId>) {
        let Some(buyer) = self.buyer(slot).filter(|_| !sales.is_empty()) else { return };
        match self.room() {
            Some(room) => self.ask(slot, room, What::Present { buyer, sales }),
            // It would not know how its claims stand: it comes back and is told.
            None => self.leave(slot, End::TooMany),
        }
    }
}

impl Refused {
    fn of(op: Op, code: &'static str, retry_after_ms: Option<i64>) -> Self {
        Self { op, code, sale_id: None, sale_item_id: None, claim_id: None, retry_after_ms }
    }

    pub(super) fn claim(item: SaleItemId, code: &'static str, retry_after_ms: Option<i64>) -> Self {
        Self { sale_item_id: Some(item), ..Self::of(Op::Claim, code, retry_after_ms) }
    }

    pub(super) fn withdraw(claim: ClaimId, code: &'static str, retry_after_ms: Option<i64>) -> Self {
        Self { claim_id: Some(claim), ..Self::of(Op::Withdraw, code, retry_after_ms) }
    }

    fn watch(sale: SaleId, code: &'static str, retry_after_ms: Option<i64>) -> Self {
        Self { sale_id: Some(sale), ..Self::of(Op::Watch, code, retry_after_ms) }
    }
}
