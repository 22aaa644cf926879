//! Accept: a claim comes in, is turned back from memory or put on the queue, and gets its receipt.
//!
//! The order of the checks is the order of their cost; everything before the put is memory, save one reading of the
//! journal for a buyer who has a claim already, and that one stands behind the buyer's own rate.

mod backlog;
mod batch;
mod marks;
mod post;
mod refusal;
mod short;
mod turn;
mod withdraw;

use std::{net::IpAddr, sync::Arc, time::Duration};

use journal::Journal;
use kit::{
    http::{ClientAddr, RateHeaders, limit},
    lifecycle::Lifecycle,
    tokens::{Keys, Receipt},
};
use sale::{
    claim::{ATTEMPT_MAX, Claim, ClaimState, ClaimView, Command, QUANTITY_MAX},
    ids::{ClaimId, SaleItemId, UserId},
    sale::{Phase, Question},
    stores::Stores,
    time::UnixMs,
};

pub(crate) use backlog::Backlog;
pub(crate) use marks::Marks;
pub(crate) use post::{openapi_routes, routes};
pub(crate) use refusal::Refusal;
pub(crate) use short::short_way;

use crate::{
    config::AcceptConfig,
    pass::mint,
    schedule::{Known, Schedule, Shelf, Shut},
};
use batch::Batcher;
use marks::Mark;
use tokio::time::timeout;

/// A claim undecided for this long may have been decided without our hearing of it.
const UNDECIDED_MS: i64 = 5_000;
/// A journal that takes longer is as good as silent.
const READ_WAIT: Duration = Duration::from_secs(2);

/// Who is turned away for the moment comes back after so long, and up to so much later.
const LATER_MS: i64 = 1000;
const LATER_SPREAD_MS: u64 = 1000;
/// The buckets of buyers who claim.
const BUYERS: &str = "claims";

/// The street door: one for HTTP and sockets alike.
pub(crate) struct Accept {
    stores: Stores,
    journal: Journal,
    keys: Arc<Keys>,
    schedule: Arc<Schedule>,
    marks: Arc<Marks>,
    batcher: Batcher,
    config: AcceptConfig,
    life: Lifecycle,
}

/// What somebody asks for. Who they are comes from a verified token alone.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub buyer: UserId,
    pub address: IpAddr,
    pub item: SaleItemId,
    pub quantity: u32,
    pub attempt: u32,
    pub answer: Option<String>,
}

/// The promise that a claim will be decided.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub claim_id: ClaimId,
    pub attempt: u32,
    pub received_at: UnixMs,
    pub receipt: String,
    /// How often this buyer may still ask; absent where nothing was counted.
    pub rate: Option<RateHeaders>,
}

/// An item of a sale that is known here.
#[derive(Clone)]
pub(crate) struct Found(Arc<Known>, usize);

impl Found {
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.0.shelves[self.1]
    }
}

impl Accept {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn start(
        stores: Stores,
        journal: Journal,
        keys: Arc<Keys>,
        schedule: Arc<Schedule>,
        marks: Arc<Marks>,
        config: AcceptConfig,
        life: Lifecycle,
    ) -> Arc<Self> {
        Refusal::begin_counts();
        let batcher = Batcher::start(stores.queue.clone(), &config, &life);
        Arc::new(Self { stores, journal, keys, schedule, marks, batcher, config, life })
    }

    /// Takes a claim in. `Ok` only after it is stored durably.
    ///
    /// Repeat: the same attempt while undecided gets the same receipt; after its decision `AlreadyClaimed` with the present claim.
    /// Errors: [`Refusal`]; what cannot be stored is `Unavailable`, never a yes.
    pub(crate) async fn accept(&self, ask: Ask) -> Result<Accepted, Refusal> {
        let found = self.on_sale(ask.item)?;
        if let Some(mark) = self.marks.of(ask.buyer, ask.item)
            && let Some(repeat) = self.already(&ask, &found, mark).await?
        {
            return Ok(repeat);
        }
        self.gate(&found)?;
        self.not_behind(ask.item)?;
        let right = accepts(found.shelf().item.question.as_ref(), ask.answer.as_deref());
        let rate = self.within_rate(&ask).await?;
        if !right {
            return Err(Refusal::WrongAnswer);
        }
        within_bounds(&ask, found.shelf())?;
        self.in_turn(&ask, &found).await?;
        let claim = Claim::new(ask.item, ask.buyer, ask.attempt, ask.quantity, self.schedule.now());
        self.put(claim, found.0.sale.id).await.map(|accepted| Accepted { rate: Some(rate), ..accepted })
    }

    /// News of a claim that the bus may have lost.
    pub(crate) fn hear(&self, row: &ClaimView) {
        self.marks.hear(row);
    }

    /// The checks that need neither body nor waiting: turns the losing crowd back before anything is parsed.
    pub(crate) fn peek(&self, buyer: UserId, item: SaleItemId) -> Result<(), Refusal> {
        let found = self.on_sale(item)?;
        if self.marks.of(buyer, item).is_none() {
            self.gate(&found)?;
            self.not_told_to_wait(buyer)?;
            self.not_behind(item)?;
        }
        Ok(())
    }

    /// The item, if its sale is open.
    fn on_sale(&self, item: SaleItemId) -> Result<Found, Refusal> {
        if self.life.is_stopping() || !self.schedule.is_loaded() {
            return Err(self.unavailable());
        }
        let (known, place) = self.schedule.item(item).ok_or(Refusal::UnknownItem)?;
        match known.phase(self.schedule.judged()) {
            Phase::Open => Ok(Found(known, place)),
            Phase::Paused => Err(Refusal::Paused),
            Phase::Closed | Phase::Reconciled => Err(Refusal::Closed),
            Phase::Draft | Phase::Scheduled | Phase::WaitingRoom => Err(Refusal::NotOpen),
        }
    }

    fn gate(&self, found: &Found) -> Result<(), Refusal> {
        match self.schedule.shut(found.shelf()) {
            None => Ok(()),
            Some(Shut::SoldOut) => Err(Refusal::SoldOut),
            Some(Shut::AllHeld) => Err(Refusal::AllHeld),
        }
    }

    /// A receipt is a promise to decide soon: where that cannot be, none is given.
    fn not_behind(&self, item: SaleItemId) -> Result<(), Refusal> {
        if self.marks.are_behind(item) { Err(Refusal::Behind(self.later_ms())) } else { Ok(()) }
    }

    /// What a buyer gets who has claimed this item here before: the same receipt, their claim, or `None`: go on.
    async fn already(&self, ask: &Ask, found: &Found, mark: Mark) -> Result<Option<Accepted>, Refusal> {
        let row = if self.in_doubt(ask, &mark) { self.row_of(ask, &mark).await? } else { None };
        let fresh = row.is_some();
        let Some(claim) = row.or_else(|| mark.view.clone().map(|view| *view)) else {
            if ask.attempt == mark.attempt {
                metrics::counter!("claims_repeated_total").increment(1);
                return Ok(Some(self.receipt(ask.buyer, &mark)));
            }
            return Err(Refusal::already(mark.received(ask, found.0.sale.id), None));
        };
        if claim.state.is_terminal() && ask.attempt > claim.attempt {
            return Ok(None);
        }
        let (price, now) = (found.shelf().item.price, self.schedule.now());
        let pass = if fresh { mint(&self.keys, &claim, price, now) } else { None };
        Err(Refusal::already(claim, pass))
    }

    /// Whether memory alone may not answer: a pass is minted from the row alone, and the bus may have lost the news that a
    /// claim was decided, or that it ended.
    fn in_doubt(&self, ask: &Ask, mark: &Mark) -> bool {
        let asks_anew = ask.attempt > mark.attempt;
        match &mark.view {
            None => asks_anew || self.schedule.now() - mark.received_at > UNDECIDED_MS,
            Some(view) => view.state == ClaimState::Held || (asks_anew && !view.state.is_terminal()),
        }
    }

    /// The row behind a mark; `None` while undecided. Behind the buyer's own rate, because it is not memory.
    async fn row_of(&self, ask: &Ask, mark: &Mark) -> Result<Option<ClaimView>, Refusal> {
        self.within_rate(ask).await?;
        match timeout(READ_WAIT, self.journal.claim(mark.claim_id)).await {
            Ok(Ok(row)) => {
                row.iter().for_each(|row| self.marks.hear(row));
                Ok(row)
            }
            // Who repeats is told what memory knows; who asks anew must not be refused by what may be over.
            _ if ask.attempt > mark.attempt => Err(self.unavailable()),
            _ => Ok(None),
        }
    }

    /// Who was told to wait, and is back too early, is told again without anybody being asked.
    fn not_told_to_wait(&self, buyer: UserId) -> Result<(), Refusal> {
        let rate = self.config.buyer_rate();
        let Some(answer) = limit::refused(&*self.stores.limiter, BUYERS, buyer, rate) else { return Ok(()) };
        Err(Refusal::TooFast(answer.retry_after_ms, RateHeaders::of(rate, answer)))
    }

    async fn within_rate(&self, ask: &Ask) -> Result<RateHeaders, Refusal> {
        let limiter = &*self.stores.limiter;
        if let Some(rate) = self.config.address_rate() {
            let answer = limit::take(limiter, "claims-from", ClientAddr(ask.address).limit_key(), rate).await;
            if !answer.allowed {
                return Err(Refusal::TooFast(answer.retry_after_ms, RateHeaders::of(rate, answer)));
            }
        }
        let rate = self.config.buyer_rate();
        let answer = limit::take(limiter, BUYERS, ask.buyer, rate).await;
        let headers = RateHeaders::of(rate, answer);
        if answer.allowed { Ok(headers) } else { Err(Refusal::TooFast(answer.retry_after_ms, headers)) }
    }

    /// Puts the claim, and marks it only once it is stored.
    async fn put(&self, claim: Claim, sale: sale::ids::SaleId) -> Result<Accepted, Refusal> {
        let mark = self.marks.begin(&claim);
        let buyer = claim.buyer_id;
        let stored = self.batcher.put(Command::Claim(claim.clone())).await;
        self.marks.end(&claim, stored.is_ok());
        if let Err(error) = stored {
            tracing::debug!(%error, claim = %claim.id, sale = %sale, "a claim was not stored");
            return Err(self.unavailable());
        }
        metrics::counter!("claims_accepted_total").increment(1);
        Ok(self.receipt(buyer, &mark))
    }

    fn receipt(&self, buyer: UserId, mark: &Mark) -> Accepted {
        let receipt = Receipt { claim_id: mark.claim_id, buyer_id: buyer, received_at: mark.received_at };
        Accepted {
            claim_id: mark.claim_id,
            attempt: mark.attempt,
            received_at: mark.received_at,
            receipt: self.keys.receipt(receipt),
            rate: None,
        }
    }

    pub(crate) fn unavailable(&self) -> Refusal {
        Refusal::Unavailable(self.later_ms())
    }

    /// Not now; each is told another moment, so that they do not all come back at once.
    fn later_ms(&self) -> i64 {
        LATER_MS + self.stores.chance.below(LATER_SPREAD_MS) as i64
    }
}

impl Mark {
    /// The claim of this mark before its decision.
    fn received(&self, ask: &Ask, sale_id: sale::ids::SaleId) -> ClaimView {
        ClaimView {
            claim_id: self.claim_id,
            sale_id,
            sale_item_id: ask.item,
            buyer_id: ask.buyer,
            attempt: self.attempt,
            quantity: self.quantity,
            state: ClaimState::Received,
            version: 0,
            position: None,
            odds: None,
            deadline: None,
            generation: None,
            reason: None,
            order_id: None,
        }
    }
}

/// No question: every answer is right.
fn accepts(question: Option<&Question>, answer: Option<&str>) -> bool {
    question.is_none_or(|question| question.accepts(answer))
}

fn within_bounds(ask: &Ask, shelf: &Shelf) -> Result<(), Refusal> {
    if !(1..=ATTEMPT_MAX).contains(&ask.attempt) {
        return Err(Refusal::Invalid("attempt", ATTEMPT_MAX));
    }
    if !(1..=QUANTITY_MAX).contains(&ask.quantity) {
        return Err(Refusal::Invalid("quantity", QUANTITY_MAX));
    }
    if ask.quantity > shelf.item.purchase_limit { Err(Refusal::LimitReached) } else { Ok(()) }
}
