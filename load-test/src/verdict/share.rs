//! A share of the papers: one run's own, where others held sales in the same house.

use std::collections::HashSet;

use sale::{
    ids::{ClaimId, OrderId, SaleId, SaleItemId},
    time::UnixMs,
    verdict::Record,
};

use super::letters;

/// What belongs to one run of a shared house.
#[derive(Clone, Debug)]
pub struct Share {
    pub sales: Vec<SaleId>,
    /// Nothing of the run is older.
    pub since: UnixMs,
    /// Its buyers' addresses bear it.
    pub run: String,
}

impl Share {
    /// Leaves out what is of other sales. What nobody can explain stays in, to be judged.
    pub fn narrow(&self, record: &mut Record) {
        let items: HashSet<SaleItemId> =
            record.items.iter().filter(|item| self.sales.contains(&item.sale_id)).map(|item| item.id).collect();
        let others: HashSet<ClaimId> =
            record.claims.iter().filter(|c| !items.contains(&c.sale_item_id)).map(|c| c.id).collect();
        let own = |item: &SaleItemId| items.contains(item);
        record.sales.retain(|sale| self.sales.contains(&sale.id));
        record.items.retain(|item| own(&item.id));
        record.changes.retain(|x| own(&x.sale_item_id));
        record.claims.retain(|x| own(&x.sale_item_id));
        record.holds.retain(|x| own(&x.sale_item_id));
        record.standby.retain(|x| own(&x.sale_item_id));
        record.orders.retain(|x| own(&x.sale_item_id));
        record.ledger.retain(|x| own(&x.sale_item_id));
        record.payments.retain(|x| !others.contains(&x.key.claim_id));
        record.shifts.retain(|x| x.at >= self.since && x.sale_id.is_none_or(|sale| self.sales.contains(&sale)));
        if let Some(events) = &mut record.provider {
            events.retain(|x| x.at >= self.since && !others.contains(&x.key.claim_id));
        }
        let orders: HashSet<OrderId> = record.orders.iter().map(|order| order.id).collect();
        if let Some(mails) = &mut record.mails {
            mails.retain(|x| orders.contains(&x.order_id) || letters::is_of_run(x, &self.run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::{
        port::{
            ledger::Levels,
            payments::{PaymentKey, PaymentState},
        },
        verdict::record::{ItemRow, MailSeen, ProviderEvent},
    };
    use uuid::Uuid;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn money_and_letters_that_nobody_can_explain_stay_in() {
        let money = |n: i64| sale::money::Money { amount_minor: n, currency: "TWD".parse().unwrap() };
        let item = |n, sale| ItemRow {
            id: SaleItemId(id(n)),
            sale_id: SaleId(id(sale)),
            price: money(100),
            purchase_limit: 1,
            hold_s: 3,
            allotment: 1,
            taken: 0,
            standby_limit: 0,
            waiting: 0,
            levels: Levels::default(),
        };
        let event = |at, claim| ProviderEvent {
            at: UnixMs(at),
            key: PaymentKey { claim_id: ClaimId(id(claim)), attempt: 1 },
            amount: money(100),
            state: PaymentState::Captured,
        };
        let mail = |to: &str| MailSeen { order_id: OrderId(id(9)), message_id: String::new(), to: to.into() };
        let mut record = Record {
            items: vec![item(1, 1), item(2, 2)],
            provider: Some(vec![event(5, 50), event(20, 51)]),
            mails: Some(vec![mail("buyer1.ab@load.example"), mail("ada@shop.test")]),
            ..Record::default()
        };
        Share { sales: vec![SaleId(id(1))], since: UnixMs(10), run: "ab".into() }.narrow(&mut record);
        assert_eq!(record.items.len(), 1);
        assert_eq!(record.provider.unwrap(), [event(20, 51)]);
        assert_eq!(record.mails.unwrap(), [mail("buyer1.ab@load.example")]);
    }
}
