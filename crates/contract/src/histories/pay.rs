//! Pay: checkouts begin and end, by the journal's own verbs.

use journal::checkout::{Allocated, BeginError, Begun, Clerk, Declined, ENDED, PayAsk, PaymentStage};
use sale::{
    hold::HoldState,
    ids::OrderId,
    model::Command,
    order::{Order, Shipping},
    port::payments::PaymentKey,
    rules,
    time::UnixMs,
    verdict::record::Standing,
};
use uuid::Uuid;

use super::pair::{Pair, nth};
use crate::fresh;

/// The shop's papers, without a word on them.
pub struct Papers;

impl Clerk for Papers {
    fn order_id(&self, _: UnixMs) -> OrderId {
        OrderId(fresh::uuid())
    }
    fn order_number(&self, _: UnixMs) -> String {
        fresh::uuid().to_string()
    }
    fn paid(&self, _: &Order) -> String {
        String::new()
    }
    fn declined(&self, _: UnixMs) -> String {
        String::new()
    }
    fn ended(&self, _: HoldState) -> String {
        String::new()
    }
}

impl Pair<'_> {
    /// Somebody with a hold begins to pay.
    pub async fn pay(&mut self, pick: u8) {
        self.told = None;
        let held: Vec<_> = self.model.journal.holds.values().filter(|h| h.state == HoldState::Held).collect();
        let Some(hold) = nth(pick, held.len()).map(|n| held[n].clone()) else { return };
        self.asked += 1;
        let begun = self.bench.journal.begin_payment(&ask(hold.claim_id.0, hold.buyer_id, self.asked), &Papers).await;
        self.model.step(Command::Pay { pick });
        let after = &self.model.journal.holds[&hold.claim_id];
        match begun {
            Ok(Begun::Started(started)) => {
                assert_eq!((after.state, started.deadline), (HoldState::Paying, after.deadline));
                let payment = &self.model.journal.payments[&(started.key.claim_id, started.key.attempt)];
                assert_eq!(started.amount, payment.amount);
            }
            Ok(Begun::Stored(stored)) => {
                assert_eq!((stored.status, after.state), (ENDED, HoldState::Held));
                assert!(!rules::may_pay(after.deadline, self.model.now), "the journal refused a checkout in time");
            }
            Err(error @ (BeginError::Paused | BeginError::ClockStands)) => {
                assert_eq!(after.state, HoldState::Held, "the journal refused a checkout: {error}");
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The provider decides about a payment without an end, however late, and we hear of it.
    pub async fn answer(&mut self, pick: u8, yes: bool) {
        self.told = None;
        let open = self.open_payments();
        let Some(n) = nth(pick, open.len()) else { return };
        let (key, pays) = (open[n], self.is_paying(open[n]));
        let asked = self.model.journal.payments.keys().filter(|id| !self.model.provider.contains_key(*id));
        let Some(provider) = asked.clone().position(|id| *id == (key.claim_id, key.attempt)) else { return };
        self.model.step(Command::Authorise { pick: provider as u8, yes });
        self.model.step(Command::Hear { pick: n as u8 });
        if yes {
            let allocated = self.bench.journal.allocate(key, &Papers).await.expect("the journal");
            assert_eq!(matches!(allocated, Allocated::Order(_)), pays, "{allocated:?}");
        } else {
            self.declined(key, pays).await;
        }
        self.undone(key, pays).await;
    }

    /// A payment that never answered is ended.
    pub async fn cancel(&mut self, pick: u8) {
        self.told = None;
        let open = self.open_payments();
        let Some(n) = nth(pick, open.len()) else { return };
        let (key, pays) = (open[n], self.is_paying(open[n]));
        self.model.step(Command::Cancel { pick: n as u8 });
        let fenced = self.bench.journal.cancel_payment(key).await.expect("the journal");
        assert_eq!(fenced, pays, "whether {key:?} could be cancelled");
        self.declined(key, pays).await;
        self.undone(key, pays).await;
    }

    async fn declined(&self, key: PaymentKey, pays: bool) {
        let declined = self.bench.journal.decline(key, &Papers).await.expect("the journal");
        assert_eq!(matches!(declined, Declined::Held { .. }), pays, "{declined:?}");
    }

    /// Money (or the want of it) that came after the hold had ended.
    async fn undone(&self, key: PaymentKey, pays: bool) {
        if !pays {
            let undone = self.bench.journal.undone(key, PaymentStage::Voided, &Papers).await.expect("the journal");
            assert!(undone, "{key:?} was in doubt");
        }
    }

    pub fn open_payments(&self) -> Vec<PaymentKey> {
        let open = |state| matches!(state, Standing::Authorising | Standing::InDoubt);
        self.model.journal.payments.values().filter(|p| open(p.state)).map(|p| p.key).collect()
    }

    fn is_paying(&self, key: PaymentKey) -> bool {
        self.model.journal.holds.get(&key.claim_id).is_some_and(|hold| hold.state == HoldState::Paying)
    }
}

fn ask(claim: Uuid, buyer: sale::ids::UserId, n: u32) -> PayAsk {
    PayAsk {
        buyer,
        claim_id: claim.into(),
        route: "checkout",
        key: format!("checkout {n}"),
        body_hash: [0; 32],
        shipping: Shipping { name: "A Buyer".into(), phone: "1".into(), address: "1 Street".into() },
        language: None,
    }
}
