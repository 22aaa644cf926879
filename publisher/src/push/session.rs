//! The session: what the frames of one socket mean, apart from its bytes.
//!
//! Who somebody is was proved by the access token of an `auth` frame. When that token expires the socket goes on
//! speaking for its buyer for a grace (claims too: tokens handed out when the waiting room opened must not end at the
//! opening), and is closed with 4401 after it, unless a fresh `auth` came.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use kit::http::{ClientAddr, limit};
use sale::{
    bucket::Rate,
    claim::ClaimState,
    ids::{ClaimId, SaleId, SaleItemId, UserId},
    sale::Stage,
    time::UnixMs,
};

use super::{
    Push,
    frame::{self, Asked, Op, Refused, Said},
    hub::Socket,
    outbox::End,
    present::{READ_WAIT, present},
};
use crate::accept::{Ask, Refusal};

/// So many frames that nobody understands end a socket.
const STRIKES_MAX: u32 = 3;
/// Each proof of identity reads the buyer's claims; tabs that all come back at once are fine, a loop is not.
const AUTH_RATE: Rate = Rate { burst: 20, per_period: 1, period_ms: 1000 };
/// Sales that this node does not know are looked up in the journal, so often for one address.
const UNKNOWN_RATE: Rate = Rate { burst: 20, per_period: 2, period_ms: 1000 };

pub(super) struct Session {
    push: Arc<Push>,
    socket: Arc<Socket>,
    address: IpAddr,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    buyer: Option<Proved>,
    watched: Vec<SaleId>,
    strikes: u32,
}

#[derive(Clone, Copy)]
struct Proved {
    user_id: UserId,
    /// Until when, the grace included.
    until: UnixMs,
}

impl Session {
    pub(super) fn new(push: Arc<Push>, address: IpAddr) -> Self {
        let socket = push.hub.enter();
        Self { push, socket, address, state: Mutex::default() }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, said: Said) {
        self.socket.outbox.put(said.answer());
    }

    /// One frame of the client. Errors: the socket must end.
    pub(super) async fn hear(self: Arc<Self>, text: Utf8Bytes) -> Result<(), End> {
        let asked = match Asked::read(&text) {
            Ok(asked) => asked,
            Err((code, detail)) => return self.strike(code, detail),
        };
        match asked {
            Asked::Clock { t0 } => self.answer(Said::Clock { t0, t1: self.push.schedule.now() }),
            Asked::Watch { sale_ids } => self.watch(sale_ids).await,
            Asked::Auth { access_token } => self.auth(&access_token).await?,
            Asked::Claim { sale_item_id, quantity, attempt, answer } => {
                self.claim(sale_item_id, quantity, attempt, answer).await;
            }
            Asked::Withdraw { claim_id } => self.withdraw(claim_id).await,
        }
        Ok(())
    }

    /// A frame that was not understood: told, and counted.
    pub(super) fn strike(&self, code: &'static str, detail: String) -> Result<(), End> {
        metrics::counter!("publisher_frames_refused_total", "code" => code).increment(1);
        self.answer(Said::Error { code, detail });
        let mut state = self.state();
        state.strikes += 1;
        if state.strikes < STRIKES_MAX {
            return Ok(());
        }
        drop(state);
        // Through the outbox, so that the last error is still read.
        self.socket.outbox.end(End::Policy);
        Ok(())
    }

    /// Once a heartbeat. Errors: the token is over and nothing fresher came.
    pub(super) fn beat(&self) -> Result<(), End> {
        let over = self.state().buyer.is_some_and(|proved| self.push.wall() >= proved.until);
        if over { Err(End::BadToken) } else { Ok(()) }
    }

    async fn auth(&self, token: &str) -> Result<(), End> {
        let push = &self.push;
        let access = push.keys.verify_access(token, push.wall()).map_err(|_| End::BadToken)?;
        if !limit::take(&*push.stores.limiter, "auths", access.user_id, AUTH_RATE).await.allowed {
            return Err(End::TooMany);
        }
        let proved = Proved { user_id: access.user_id, until: access.exp + push.config.token_grace.ms() };
        let mut state = self.state();
        let before = state.buyer.replace(proved);
        let watched = state.watched.clone();
        drop(state);
        if let Some(other) = before.filter(|before| before.user_id != proved.user_id) {
            push.hub.stand_up(&self.socket, other.user_id);
            self.socket.outbox.forget_claims();
        }
        // The session first, then whatever is told to its buyer, then the present state, which covers the moment between.
        self.answer(Said::Session { user_id: proved.user_id });
        push.hub.sit_down(&self.socket, proved.user_id, push.resume_after_ms());
        self.tell_present(proved.user_id, watched);
        Ok(())
    }

    fn tell_present(&self, buyer: UserId, sales: Vec<SaleId>) {
        if !sales.is_empty() {
            let told = present(self.push.clone(), self.socket.clone(), buyer, sales);
            self.push.life.spawn_visit("present claims", told);
        }
    }

    async fn watch(&self, sale_ids: Vec<SaleId>) {
        let mut fresh = vec![];
        for sale_id in sale_ids {
            let known = self.state().watched.contains(&sale_id);
            if !known && self.state().watched.len() >= self.push.config.watched_max {
                self.refuse_watch(sale_id, "too_many", None);
                break;
            }
            // Registered first, read second: what changes in between is told twice, not never.
            self.push.hub.watch(&self.socket, sale_id);
            match self.sale(sale_id).await {
                Ok(frame) => {
                    self.socket.outbox.put(frame);
                    if !known {
                        self.state().watched.push(sale_id);
                        fresh.push(sale_id);
                    }
                }
                Err((code, retry_after_ms)) => {
                    if !known {
                        self.push.hub.unwatch(&self.socket, sale_id);
                    }
                    self.refuse_watch(sale_id, code, retry_after_ms);
                }
            }
        }
        let buyer = self.state().buyer;
        if let Some(proved) = buyer {
            self.tell_present(proved.user_id, fresh);
        }
    }

    /// A sale as it is now: from the schedule, or from the journal where it is over or just published.
    async fn sale(&self, id: SaleId) -> Result<frame::Frame, (&'static str, Option<i64>)> {
        let push = &self.push;
        if let Some(known) = push.schedule.sale(id) {
            return Ok(frame::sale(&known, push.schedule.judged()));
        }
        let address = ClientAddr(self.address).limit_key();
        let answer = limit::take(&*push.stores.limiter, "unknown-sales", address, UNKNOWN_RATE).await;
        if !answer.allowed {
            return Err(("too_fast", Some(answer.retry_after_ms)));
        }
        let read = async {
            let _permit = push.reads.acquire().await.ok()?;
            push.journal.sale(id).await.ok()
        };
        match tokio::time::timeout(READ_WAIT, read).await {
            Ok(Some(Some(view))) if view.sale.stage != Stage::Draft => {
                Ok(frame::sale(&push.schedule.learn(view), push.schedule.judged()))
            }
            Ok(Some(_)) => Err(("not_found", None)),
            Ok(None) | Err(_) => Err(("unavailable", Some(1000 + push.resume_after_ms()))),
        }
    }

    fn refuse_watch(&self, sale_id: SaleId, code: &'static str, retry_after_ms: Option<i64>) {
        let refused =
            Refused { op: Op::Watch, code, sale_id: Some(sale_id), sale_item_id: None, claim_id: None, retry_after_ms };
        self.answer(Said::Refused(refused));
    }

    async fn claim(&self, item: SaleItemId, quantity: u32, attempt: u32, answer: Option<String>) {
        let refused = |code, retry_after_ms| Refused {
            op: Op::Claim,
            code,
            sale_id: None,
            sale_item_id: Some(item),
            claim_id: None,
            retry_after_ms,
        };
        let buyer = self.state().buyer;
        let (Some(proved), Some(accept)) = (buyer, &self.push.accept) else {
            let code = if buyer.is_none() { "unauthorized" } else { "unavailable" };
            return self.answer(Said::Refused(refused(code, None)));
        };
        let ask = Ask { buyer: proved.user_id, address: self.address, item, quantity, attempt, answer };
        match accept.accept(ask).await {
            Ok(accepted) => self.answer(Said::Accepted {
                claim_id: accepted.claim_id,
                sale_item_id: item,
                attempt: accepted.attempt,
                receipt: accepted.receipt,
            }),
            Err(refusal) => {
                refusal.count("socket");
                let (code, retry_after_ms) = (refusal.code(), refusal.retry_after_ms());
                if let Refusal::AlreadyClaimed(claim) = refusal {
                    let (view, pass) = *claim;
                    self.socket.outbox.put(frame::claim(&view, pass));
                    // A repeat is answered by the claim itself; who wanted another one must hear that they do not get it.
                    if view.attempt >= attempt {
                        return;
                    }
                }
                self.answer(Said::Refused(refused(code, retry_after_ms)));
            }
        }
    }

    async fn withdraw(&self, claim_id: ClaimId) {
        let refused = |code, retry_after_ms| Refused {
            op: Op::Withdraw,
            code,
            sale_id: None,
            sale_item_id: None,
            claim_id: Some(claim_id),
            retry_after_ms,
        };
        let buyer = self.state().buyer;
        let (Some(proved), Some(accept)) = (buyer, &self.push.accept) else {
            let code = if buyer.is_none() { "unauthorized" } else { "unavailable" };
            return self.answer(Said::Refused(refused(code, None)));
        };
        let answer = accept.withdraw(proved.user_id, claim_id).await;
        let outcome = answer.as_ref().map_or_else(Refusal::code, |()| "stored");
        metrics::counter!("withdrawals_total", "outcome" => outcome).increment(1);
        let Err(refusal) = answer else { return };
        let (code, retry_after_ms) = (refusal.code(), refusal.retry_after_ms());
        if let Refusal::Ended(view) = refusal {
            self.socket.outbox.put(frame::claim(&view, None));
            // It is as they wished.
            if view.state == ClaimState::Withdrawn {
                return;
            }
        }
        self.answer(Said::Refused(refused(code, retry_after_ms)));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.push.hub.leave(&self.socket, &state.watched, state.buyer.map(|proved| proved.user_id));
    }
}
