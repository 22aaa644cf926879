//! Asking: what a frame wants that memory alone cannot answer. Here people wait for journal, queue and limiter; a reactor
//! never does.
//!
//! Who somebody is was proved by the access token of an `auth` frame. When that token expires the line goes on
//! speaking for its buyer for a grace (claims too: tokens handed out when the waiting room opened must not end at the
//! opening), and is closed with 4401 after it, unless a fresh `auth` came.

use std::{net::IpAddr, sync::Arc};

use kit::http::{ClientAddr, limit};
use sale::{
    bucket::Rate,
    claim::ClaimState,
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    sale::Stage,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::{
    Push,
    end::End,
    frame::{self, Frame, Refused, Said},
    hub::Hub,
    inbox::{At, Word},
    line::Proved,
    present::READ_WAIT,
    session::Wanted,
};
use crate::accept::{self, Accept, Refusal};

/// Each proof of identity reads the buyer's claims; tabs that all come back at once are fine, a loop is not.
const AUTH_RATE: Rate = Rate { burst: 20, per_period: 1, period_ms: 1000 };
/// Sales that this node does not know are looked up in the journal, so often for one address.
const UNKNOWN_RATE: Rate = Rate { burst: 20, per_period: 2, period_ms: 1000 };

/// A frame in work.
pub(super) struct Ask {
    pub(super) address: IpAddr,
    pub(super) what: What,
    pub(super) reply: Reply,
}

pub(super) enum What {
    Auth { token: String, watched: Vec<SaleId> },
    Claim { buyer: UserId, item: SaleItemId, quantity: u32, attempt: u32, answer: Option<String> },
    Withdraw { buyer: UserId, claim: ClaimId },
    LookUp { sale: SaleId, known: bool, wanted: Wanted },
    Present { buyer: UserId, sales: Vec<SaleId> },
}

/// Who a line speaks for; whoever proved it hears when it does.
pub(super) struct Seated {
    pub(super) proved: Proved,
    pub(super) here: oneshot::Sender<()>,
}

/// A sale that was looked up, or the code of why it cannot be watched and when to ask again.
pub(super) struct Found {
    pub(super) sale: SaleId,
    /// It was watched already.
    pub(super) known: bool,
    pub(super) told: Result<Frame, (&'static str, Option<i64>)>,
    pub(super) wanted: Wanted,
}

/// The way back to a line. Dropped, it lets the line go on, whatever became of its frame.
pub(super) struct Reply {
    hub: Arc<Hub>,
    line: At,
    last: Option<Word>,
    _room: OwnedSemaphorePermit,
}

impl Reply {
    pub(super) fn new(hub: Arc<Hub>, line: At, room: OwnedSemaphorePermit) -> Self {
        Self { hub, line, last: Some(Word::Done), _room: room }
    }

    fn say(&self, frame: Frame) {
        self.hub.say(self.line, frame);
    }

    fn refuse(&self, refused: Refused) {
        self.say(Said::Refused(refused).answer());
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(last) = self.last.take() {
            self.hub.send(self.line, last);
        }
    }
}

/// What waits for its turn at the journal is no larger: when a crowd signs in, thousands wait.
const WAITING_MAX_BYTES: usize = 1536;

/// Answers everything that reactors ask, until the last of them is gone.
pub(super) async fn answer_all(push: Arc<Push>, mut asks: mpsc::Receiver<Ask>) {
    while let Some(ask) = asks.recv().await {
        let answer = answer(push.clone(), ask);
        debug_assert!(size_of_val(&answer) <= WAITING_MAX_BYTES, "an answer of {} bytes", size_of_val(&answer));
        push.life.spawn_visit("frame of a socket", answer);
    }
}

async fn answer(push: Arc<Push>, ask: Ask) {
    let Ask { address, what, mut reply } = ask;
    match what {
        What::Auth { token, watched } => auth(push, reply, &token, watched).await,
        What::Present { buyer, sales } => {
            // The line goes on meanwhile: the journal may be down for long.
            push.asking.wish(reply.line, buyer, &sales);
        }
        What::LookUp { sale, known, wanted } => {
            let told = look_up(&push, address, sale).await;
            reply.last = Some(Word::Found(Found { sale, known, told, wanted }));
        }
        What::Claim { buyer, item, quantity, attempt, answer } => {
            if let Some(accept) = &push.accept {
                let ask = accept::Ask { buyer, address, item, quantity, attempt, answer };
                Box::pin(claim(accept, &reply, ask)).await;
            }
        }
        What::Withdraw { buyer, claim } => {
            if let Some(accept) = &push.accept {
                Box::pin(withdraw(accept, &reply, buyer, claim)).await;
            }
        }
    }
}

async fn auth(push: Arc<Push>, reply: Reply, token: &str, watched: Vec<SaleId>) {
    let proved = match prove(&push, token).await {
        Ok(proved) => proved,
        Err(end) => return push.hub.send(reply.line, Word::End(end)),
    };
    let (here, seated) = oneshot::channel();
    let line = reply.line;
    push.hub.send(line, Word::Seated(Seated { proved, here }));
    drop(reply);
    if seated.await.is_ok() && !watched.is_empty() {
        push.asking.wish(line, proved.user_id, &watched);
    }
}

async fn prove(push: &Push, token: &str) -> Result<Proved, End> {
    let access = push.keys.verify_access(token, push.wall()).map_err(|_| End::BadToken)?;
    if !limit::take(&*push.stores.limiter, "auths", access.user_id, AUTH_RATE).await.allowed {
        return Err(End::TooMany);
    }
    Ok(Proved { user_id: access.user_id, until: access.exp + push.config.token_grace.ms() })
}

/// A sale that the schedule does not know.
async fn look_up(push: &Push, address: IpAddr, id: SaleId) -> Result<Frame, (&'static str, Option<i64>)> {
    let address = ClientAddr(address).limit_key();
    let answer = limit::take(&*push.stores.limiter, "unknown-sales", address, UNKNOWN_RATE).await;
    if !answer.allowed {
        return Err(("too_fast", Some(answer.retry_after_ms)));
    }
    let read = async {
        let _permit = push.reads.acquire().await.ok()?;
        Box::pin(push.journal.sale(id)).await.ok()
    };
    match tokio::time::timeout(READ_WAIT, read).await {
        Ok(Some(Some(view))) if view.sale.stage != Stage::Draft => {
            Ok(frame::sale(&push.schedule.learn(view), push.schedule.judged()))
        }
        Ok(Some(_)) => Err(("not_found", None)),
        Ok(None) | Err(_) => Err(("unavailable", Some(1000 + push.resume_after_ms()))),
    }
}

async fn claim(accept: &Accept, reply: &Reply, ask: accept::Ask) {
    let (item, attempt) = (ask.item, ask.attempt);
    match accept.accept(ask).await {
        Ok(accepted) => {
            let (claim_id, attempt, receipt) = (accepted.claim_id, accepted.attempt, accepted.receipt);
            reply.say(Said::Accepted { claim_id, sale_item_id: item, attempt, receipt }.answer());
        }
        Err(refusal) => {
            refusal.count("socket");
            let (code, retry_after_ms) = (refusal.code(), refusal.retry_after_ms());
            if let Refusal::AlreadyClaimed(claim) = refusal {
                let (view, pass) = *claim;
                reply.say(frame::claim(&view, pass));
                // A repeat is answered by the claim itself; who wanted another one must hear that they do not get it.
                if view.attempt >= attempt {
                    return;
                }
            }
            reply.refuse(Refused::claim(item, code, retry_after_ms));
        }
    }
}

async fn withdraw(accept: &Accept, reply: &Reply, buyer: UserId, claim: ClaimId) {
    let answer = accept.withdraw(buyer, claim).await;
    let outcome = answer.as_ref().map_or_else(Refusal::code, |()| "stored");
    metrics::counter!("withdrawals_total", "outcome" => outcome).increment(1);
    let Err(refusal) = answer else { return };
    let (code, retry_after_ms) = (refusal.code(), refusal.retry_after_ms());
    if let Refusal::Ended(view) = refusal {
        reply.say(frame::claim(&view, None));
        // It is as they wished.
        if view.state == ClaimState::Withdrawn {
            return;
        }
    }
    reply.refuse(Refused::withdraw(claim, code, retry_after_ms));
}
