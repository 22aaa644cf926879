//! The damage: clean records, spoiled in one place each. The law that was broken must say so.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sale::{
    claim::{ClaimState, Reason},
    ids::UserId,
    model::Model,
    order::OrderState,
    port::payments::PaymentState,
    sale::ItemState,
    time::UnixMs,
    verdict::{
        Record, check,
        observe::{Answer, Attempt, Bound, StockSeen},
        record::{EntryState, MailSeen, Shift, What},
    },
};
use uuid::Uuid;

/// So many sales must offer a place for every damage.
const HISTORIES: usize = 60;

/// Spoils a record; `None` where it has no place for this damage.
type Damage = fn(&mut Record) -> Option<()>;

#[test]
fn every_damage_is_found_under_its_own_law() {
    let records = clean_records();
    let mut silent = vec![];
    for (law, what, damage) in damages() {
        let spoiled = records.iter().find_map(|clean| {
            let mut record = clean.clone();
            damage(&mut record).map(|()| record)
        });
        let Some(spoiled) = spoiled else {
            silent.push(format!("no record has a place for: {what}"));
            continue;
        };
        let found = check(&spoiled);
        if !found.iter().any(|v| v.law == law) {
            silent.push(format!("{what}: law {law} is silent, found {found:?}"));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// Sales on paper, brought to their end and clean.
fn clean_records() -> Vec<Record> {
    let mut runner = TestRunner::deterministic();
    let histories = common::histories(120..200);
    let record = |_| {
        let Ok(tree) = histories.new_tree(&mut runner) else { panic!("no history") };
        let (plan, commands) = tree.current();
        let mut model: Model = common::live(&plan, &commands);
        model.finish();
        let record = model.record();
        assert_eq!(check(&record), vec![]);
        record
    };
    (0..HISTORIES).map(record).collect()
}

fn damages() -> Vec<(u8, &'static str, Damage)> {
    [counting(), people(), clocks(), cash(), trust()].concat()
}

fn counting() -> Vec<(u8, &'static str, Damage)> {
    vec![
        (1, "an allotment smaller than what was taken", |r| {
            let taken = r.changes.iter().filter_map(|c| c.taken.map(|t| (c.sale_item_id, t))).filter(|c| c.1 > 0);
            let (id, most) = taken.max_by_key(|c| c.1)?;
            let item = r.items.iter_mut().find(|i| i.id == id)?;
            item.allotment = most - 1;
            Some(())
        }),
        (1, "more units told paid than exist", |r| {
            let item = r.items.first()?.clone();
            let mut paid =
                r.told.iter_mut().filter(|s| s.state == ClaimState::Paid && s.sale_item_id == item.id).peekable();
            paid.peek()?;
            paid.for_each(|s| s.quantity = item.allotment + 1);
            Some(())
        }),
        (15, "a change missing from the log", |r| {
            let n = r
                .changes
                .iter()
                .position(|c| matches!(c.what, What::Expired | What::Withdrawn) && c.deadline.is_some())?;
            r.changes.remove(n);
            Some(())
        }),
        (15, "a counter that moved by itself", |r| {
            r.items.first_mut()?.levels.units.drawn += 1;
            Some(())
        }),
        (15, "a hold row that changed without a word", |r| {
            use sale::hold::HoldState::*;
            r.holds.iter_mut().find(|h| h.state == Expired)?.state = Released;
            Some(())
        }),
        (16, "a ledger with a unit too many", |r| {
            r.ledger.first_mut()?.levels.units.limit += 1;
            Some(())
        }),
        (16, "a number ratified twice", |r| {
            let grant = r.claims.iter().find(|c| c.grant.is_some() && c.quantity > 0)?.clone();
            let other = r
                .claims
                .iter_mut()
                .find(|c| c.sale_item_id == grant.sale_item_id && c.id != grant.id && c.quantity > 0)?;
            other.grant = grant.grant;
            Some(())
        }),
        (18, "refused as sold out while units could come back", |r| {
            r.claims.iter_mut().find(|c| c.reason == Some(Reason::AllHeld))?.reason = Some(Reason::SoldOut);
            Some(())
        }),
        (18, "told that units may come back long after the last was paid", |r| {
            let late = r.changes.iter().filter(|c| c.what == What::Refused).find_map(|refused| {
                let sold = r.claims.iter().any(|c| Some(c.id) == refused.claim_id && c.reason == Some(Reason::SoldOut));
                let paid = r.changes.iter().filter(|c| {
                    c.what == What::Allocated && c.sale_item_id == refused.sale_item_id && c.seq < refused.seq
                });
                let paid_at = paid.map(|c| c.at).max()?;
                (sold && refused.at - paid_at > 2_000).then_some(refused.claim_id?)
            })?;
            r.claims.iter_mut().find(|c| c.id == late)?.reason = Some(Reason::AllHeld);
            Some(())
        }),
        (18, "shown as sold out beside a held unit", |r| {
            let item = r.items.first()?;
            let (at, id) = (r.at, item.id);
            let state = ItemState::SoldOut;
            r.stocks.push(StockSeen { at, sale_item_id: id, stock_version: 9, state, available: 0, held: 1, paid: 0 });
            Some(())
        }),
    ]
}

fn people() -> Vec<(u8, &'static str, Damage)> {
    vec![
        (2, "a limit lower than what was bought", |r| {
            let hold = r.holds.iter().find(|h| h.quantity > 1)?.clone();
            r.items.iter_mut().find(|i| i.id == hold.sale_item_id)?.purchase_limit = hold.quantity - 1;
            Some(())
        }),
        (3, "a receipt without a claim", |r| {
            let receipt = r.receipts.first()?.claim_id;
            r.claims.retain(|c| c.id != receipt);
            Some(())
        }),
        (3, "a claim decided twice", |r| {
            let mut again = r.changes.iter().find(|c| c.what == What::Held)?.clone();
            again.seq = r.changes.last()?.seq + 1;
            r.changes.push(again);
            Some(())
        }),
        (4, "two states under one version", |r| {
            let mut other = r.told.iter().find(|s| s.state == ClaimState::Held)?.clone();
            other.state = ClaimState::Refused;
            r.told.push(other);
            Some(())
        }),
        (4, "a change after an end", |r| {
            let mut after = r.changes.iter().find(|c| c.what == What::Refused)?.clone();
            after.what = What::Paying;
            r.changes.push(after);
            Some(())
        }),
        (5, "a state told that was never committed", |r| {
            let mut seen = r.told.iter().find(|s| s.state == ClaimState::Refused)?.clone();
            (seen.state, seen.version) = (ClaimState::Paid, seen.version + 1);
            r.told.push(seen);
            Some(())
        }),
        (5, "a state told before its commit", |r| {
            let at = r.changes.first()?.at;
            r.told.iter_mut().find(|s| s.at > at)?.at = at + -1;
            Some(())
        }),
        (5, "a deadline told that no row had", |r| {
            let seen = r.told.iter_mut().find(|s| s.deadline.is_some())?;
            seen.deadline = seen.deadline.map(|d| d + 1);
            Some(())
        }),
        (5, "told to somebody else", |r| {
            r.told.first_mut()?.buyer_id = UserId(Uuid::from_u128(0xbad));
            Some(())
        }),
        (19, "a claim shown to somebody else", |r| {
            r.told.first_mut()?.buyer_id = UserId(Uuid::from_u128(0xbad));
            Some(())
        }),
        (6, "tickets against the order of their commits", |r| {
            let n = r.standby.len();
            let (a, b) = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).find(|(a, b)| {
                let both = [&r.standby[*a], &r.standby[*b]];
                both[0].sale_item_id == both[1].sale_item_id
            })?;
            let ticket = r.standby[a].ticket;
            r.standby[a].ticket = r.standby[b].ticket;
            r.standby[b].ticket = ticket;
            Some(())
        }),
        (6, "a newcomer held while somebody waited", |r| {
            let n = r.changes.windows(2).position(|c| {
                (c[0].what, c[1].what) == (What::Standby, What::Standby) && c[0].sale_item_id == c[1].sale_item_id
            })?;
            r.changes[n + 1].what = What::Held;
            Some(())
        }),
        (7, "a promotion that never came", |r| {
            let n = r.changes.iter().position(|c| c.what == What::Promoted)?;
            let claim = r.changes[n].claim_id;
            let close = r.sales.first()?.closes_at;
            if r.changes[n].at + 2_001 > close {
                return None;
            }
            r.changes.retain(|c| c.claim_id != claim || c.seq <= n as i64);
            r.standby.iter_mut().filter(|e| Some(e.claim_id) == claim).for_each(|e| e.state = EntryState::Waiting);
            Some(())
        }),
    ]
}

fn clocks() -> Vec<(u8, &'static str, Damage)> {
    vec![
        (8, "released before the deadline told", |r| {
            let expired = r.changes.iter().find(|c| c.what == What::Expired)?.clone();
            r.told.iter_mut().find(|s| Some(s.claim_id) == expired.claim_id && s.deadline.is_some())?.deadline =
                Some(expired.at + 1);
            Some(())
        }),
        (8, "released within the grace", |r| {
            let expired = r.changes.iter_mut().find(|c| c.what == What::Expired)?;
            expired.at = expired.deadline? + 2_999;
            Some(())
        }),
        (8, "released much too late", |r| {
            r.changes.iter_mut().find(|c| c.what == What::Expired)?.at.0 += 60_000;
            r.faults.clear();
            Some(())
        }),
        (8, "a clock that stood still at a holder's cost", |r| {
            let held = r.changes.iter().find(|c| c.what == What::Held)?.clone();
            let next = r.changes.iter().find(|c| c.claim_id == held.claim_id && c.seq > held.seq)?.at;
            let at = UnixMs((held.at.0 + next.0) / 2);
            r.shifts = vec![Shift { at, by_ms: 9_000, sale_id: None }];
            (held.at < at && at < next).then_some(())
        }),
        (8, "one deadline that stayed while the others moved", |r| {
            let n = r.changes.windows(2).position(|c| {
                let both = c[0].what == What::Shifted && c[1].what == What::Shifted;
                both && c[0].at == c[1].at
                    && r.changes[..].iter().any(|h| h.claim_id == c[1].claim_id && h.at < c[1].at)
            })?;
            r.changes.remove(n + 1);
            Some(())
        }),
        (11, "a pass beyond its deadline", |r| {
            let seen = r.told.iter_mut().find(|s| s.pass_expires_at.is_some())?;
            seen.pass_expires_at = seen.deadline.map(|d| d + 1);
            Some(())
        }),
        (11, "a checkout after the deadline", |r| {
            let paying = r.changes.iter_mut().find(|c| c.what == What::Paying)?;
            paying.at = paying.deadline? + 1;
            Some(())
        }),
        (17, "a receipt before the opening", |r| {
            let opens_at = r.sales.first()?.opens_at;
            r.receipts.first_mut()?.received_at = Some(opens_at + -21);
            Some(())
        }),
        (17, "a unit won after the close", |r| {
            let won = r.changes.iter().find(|c| c.what == What::Held)?.at;
            r.sales.first_mut()?.closes_at = won + -1;
            Some(())
        }),
        (22, "an outcome told after a long silence", |r| {
            r.faults.clear();
            let receipt = r.receipts.first()?.clone();
            r.receipts = vec![receipt.clone()];
            let mut told = r.told.iter_mut().filter(|s| s.claim_id == receipt.claim_id).peekable();
            told.peek()?;
            told.for_each(|s| s.at = receipt.at + 1_001);
            Some(())
        }),
    ]
}

fn cash() -> Vec<(u8, &'static str, Damage)> {
    vec![
        (9, "an order that is gone", |r| {
            let order = r.orders_told.first()?.order_id;
            r.orders.retain(|o| o.id != order);
            Some(())
        }),
        (9, "an order that costs something else now", |r| {
            let order = r.orders_told.first()?.order_id;
            r.orders.iter_mut().find(|o| o.id == order)?.total.amount_minor += 1;
            Some(())
        }),
        (10, "a capture taken twice", |r| {
            let events = r.provider.as_mut()?;
            let capture = events.iter().find(|e| e.state == PaymentState::Captured)?.clone();
            events.push(capture);
            Some(())
        }),
        (10, "a capture of another amount", |r| {
            let events = r.provider.as_mut()?;
            events.iter_mut().find(|e| e.state == PaymentState::Captured)?.amount.amount_minor -= 1;
            Some(())
        }),
        (10, "a capture that never was", |r| {
            let paid = r.orders.iter().find(|o| o.state == OrderState::Paid)?.claim_id;
            let events = r.provider.as_mut()?;
            let n = events.iter().position(|e| e.key.claim_id == paid && e.state == PaymentState::Captured)?;
            events.remove(n);
            Some(())
        }),
        (10, "an order at the client's price", |r| {
            r.orders.first_mut()?.total.amount_minor = 1;
            Some(())
        }),
        (10, "money reserved for ever", |r| {
            let events = r.provider.as_mut()?;
            let n = events.iter().position(|e| e.state == PaymentState::Voided)?;
            events.remove(n);
            Some(())
        }),
        (14, "a mail that never went out", |r| {
            let order = r.mails.as_ref()?.first()?.order_id;
            r.mails.as_mut()?.retain(|m| m.order_id != order);
            Some(())
        }),
        (14, "a mail to somebody else", |r| {
            r.mails.as_mut()?.first_mut()?.to = "thief@elsewhere.test".into();
            Some(())
        }),
        (14, "a mail of an order nobody paid", |r| {
            let (order_id, message_id) = (sale::ids::OrderId(Uuid::from_u128(1)), "1".into());
            r.mails.as_mut()?.push(MailSeen { order_id, message_id, to: "a@b.test".into() });
            Some(())
        }),
        (21, "an outbox that is not empty after the end", |r| {
            r.left.outbox = 1;
            Some(())
        }),
        (21, "a payment in doubt after the end", |r| {
            r.payments.first_mut()?.state = sale::verdict::record::Standing::InDoubt;
            Some(())
        }),
    ]
}

fn trust() -> Vec<(u8, &'static str, Damage)> {
    vec![
        (12, "a forged request that was obeyed", |r| {
            r.http.push(Attempt { at: r.at, kind: "a pass of alg none".into(), status: 201, never: None });
            Some(())
        }),
        (12, "a forged claim that left a row", |r| {
            let never = Some(r.claims.first()?.id);
            r.http.push(Attempt { at: r.at, kind: "another's id in the body".into(), status: 401, never });
            Some(())
        }),
        (13, "one key with two endings", |r| {
            let first = r.answers.first()?.clone();
            r.answers.push(Answer { status: 402, answer_hash: "another".into(), ..first });
            Some(())
        }),
        (13, "two orders of one claim", |r| {
            let mut second = r.orders.first()?.clone();
            second.id = sale::ids::OrderId(Uuid::from_u128(2));
            r.orders.push(second);
            Some(())
        }),
        (19, "a token in a log", |r| {
            r.leaks.push("a token in line 7".into());
            Some(())
        }),
        (20, "a bound exceeded", |r| {
            r.bounds.push(Bound { name: "outbox of a socket, bytes".into(), limit: 65_536, most: 65_537 });
            Some(())
        }),
        (20, "a standby list longer than its limit", |r| {
            let standby = r.changes.iter().find(|c| c.what == What::Standby)?.sale_item_id;
            let most = r.changes.iter().filter(|c| c.sale_item_id == standby).filter_map(|c| c.waiting).max()?;
            r.items.iter_mut().find(|i| i.id == standby)?.standby_limit = most.checked_sub(1)?;
            Some(())
        }),
    ]
}
