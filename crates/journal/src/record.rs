//! The record: everything the journal knows of its sales, as one snapshot, for the verdict.

use std::path::Path;
use std::sync::Arc;

use sale::{
    port::{clock::Clock, payments::PaymentKey},
    verdict::{
        Record,
        record::{Change, ClaimRow, EntryRow, HoldRow, ItemRow, Left, OrderRow, PaymentRow},
    },
};

use crate::{
    Journal, JournalError, args,
    checkout::money,
    db::{Db, PgConfig, Postgres, Row, Sqlite, Tx},
    sales, sql,
};

impl Journal {
    /// Opens the journal of a running or a stopped house to look at it; nothing can be written through this handle.
    pub async fn open_read_only(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, JournalError> {
        Ok(Self { db: Db::Sqlite(Sqlite::open_read_only(file, clock).await?) })
    }

    /// The same of the journal that many processes share.
    pub async fn connect_read_only(config: &PgConfig) -> Result<Self, JournalError> {
        Ok(Self { db: Db::Postgres(Postgres::connect_read_only(config).await?) })
    }

    /// Everything but drafts: rows, counters and the change log of one committed state.
    ///
    /// Shape: the parts that others wrote (clients, provider, mail) are empty. Units: the record's instant is the last
    /// heartbeat, for whoever stopped the house stopped its clock too.
    pub async fn record(&self) -> Result<Record, JournalError> {
        let mut tx = self.db.snapshot().await?;
        let tx = &mut tx;
        let beat = tx.row(sql!("record/heartbeat"), args![]).await?;
        let left = left(tx).await?;
        Ok(Record {
            at: beat.map(|row| row.at("beat_at")).transpose()?.unwrap_or_default(),
            sales: all(tx, sql!("record/sales"), sales::sale_of).await?,
            items: all(tx, sql!("record/items"), item).await?,
            changes: all(tx, sql!("record/changes"), change).await?,
            claims: all(tx, sql!("record/claims"), claim).await?,
            holds: all(tx, sql!("record/holds"), hold).await?,
            standby: all(tx, sql!("record/standby"), entry).await?,
            orders: all(tx, sql!("record/orders"), order).await?,
            payments: all(tx, sql!("record/payments"), payment).await?,
            still: left == Left::default(),
            left,
            ..Record::default()
        })
    }
}

async fn all<T>(
    tx: &mut Tx,
    sql: &'static str,
    read: fn(&Row) -> Result<T, JournalError>,
) -> Result<Vec<T>, JournalError> {
    tx.rows(sql, args![]).await?.iter().map(read).collect()
}

/// What is still owed to somebody. News to the fleet are not: whoever starts next tells the whole plan anyway.
async fn left(tx: &mut Tx) -> Result<Left, JournalError> {
    let Some(row) = tx.row(sql!("record/left"), args![]).await? else { return Ok(Left::default()) };
    Ok(Left { queue: row.count("queue")?.into(), outbox: row.count("outbox")?.into() })
}

fn item(row: &Row) -> Result<ItemRow, JournalError> {
    Ok(ItemRow {
        id: row.id("id")?,
        sale_id: row.id("sale_id")?,
        price: money(row, "price_minor")?,
        purchase_limit: row.count("purchase_limit")?,
        hold_s: row.count("hold_s")?,
        allotment: row.count("allotment")?,
        taken: row.count("taken")?,
        standby_limit: row.count("standby_limit")?,
        waiting: row.count("waiting")?,
        levels: sales::levels_of(row)?,
    })
}

fn change(row: &Row) -> Result<Change, JournalError> {
    let count = |column| Ok::<_, JournalError>(row.opt_int(column)?.and_then(|n| n.try_into().ok()));
    Ok(Change {
        seq: row.int("seq")?,
        at: row.at("at")?,
        sale_item_id: row.id("sale_item_id")?,
        claim_id: row.opt_id("claim_id")?,
        what: row.word("what")?,
        quantity: row.count("quantity")?,
        taken: count("taken")?,
        waiting: count("waiting")?,
        deadline: row.opt_at("deadline")?,
    })
}

fn claim(row: &Row) -> Result<ClaimRow, JournalError> {
    let kind = row.opt_text("grant_kind")?.map(|_| row.word("grant_kind")).transpose()?;
    let reason = row.opt_text("reason")?.map(|_| row.word("reason")).transpose()?;
    Ok(ClaimRow {
        id: row.id("id")?,
        sale_item_id: row.id("sale_item_id")?,
        buyer_id: row.id("buyer_id")?,
        attempt: row.count("attempt")?,
        quantity: row.count("quantity")?,
        outcome: row.word("outcome")?,
        reason,
        version: row.int("version")?,
        epoch: row.int("epoch")?,
        grant: kind.zip(row.opt_int("grant_first")?),
        received_at: row.at("received_at")?,
        decided_at: row.at("decided_at")?,
    })
}

fn hold(row: &Row) -> Result<HoldRow, JournalError> {
    Ok(HoldRow {
        claim_id: row.id("claim_id")?,
        sale_item_id: row.id("sale_item_id")?,
        buyer_id: row.id("buyer_id")?,
        quantity: row.count("quantity")?,
        state: row.word("state")?,
        version: row.int("version")?,
        generation: row.int("generation")?,
        deadline: row.at("deadline")?,
    })
}

fn entry(row: &Row) -> Result<EntryRow, JournalError> {
    Ok(EntryRow {
        claim_id: row.id("claim_id")?,
        sale_item_id: row.id("sale_item_id")?,
        buyer_id: row.id("buyer_id")?,
        ticket: row.int("ticket")?,
        quantity: row.count("quantity")?,
        state: row.word("state")?,
    })
}

fn order(row: &Row) -> Result<OrderRow, JournalError> {
    Ok(OrderRow {
        id: row.id("id")?,
        claim_id: row.id("claim_id")?,
        sale_item_id: row.id("sale_item_id")?,
        buyer_id: row.id("buyer_id")?,
        quantity: row.count("quantity")?,
        total: money(row, "total_minor")?,
        mail_to: row.text("mail_to")?,
        state: row.word("state")?,
        created_at: row.at("created_at")?,
    })
}

fn payment(row: &Row) -> Result<PaymentRow, JournalError> {
    Ok(PaymentRow {
        key: PaymentKey { claim_id: row.id("claim_id")?, attempt: row.count("attempt")? },
        amount: money(row, "amount_minor")?,
        state: row.word("state")?,
    })
}
