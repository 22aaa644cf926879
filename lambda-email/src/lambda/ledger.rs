//! The send ledger: which orders were written to, by whom anyone may ask before writing.
//!
//! DynamoDB, because one conditional write decides and tells the loser what stands there, and because it forgets by itself; an S3 object
//! written with `If-None-Match` would need a second question to tell *sent* from *begun*, and a third to take over a dead lease.

use std::{collections::HashMap, sync::Arc};

use aws_config::{SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::ProvideErrorMetadata,
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use sale::{ids::OrderId, port::clock::Clock};
use thiserror::Error;

use super::config::LedgerConfig;

/// Tries of one question, all within `answer_max`.
const TRIES: u32 = 3;
/// Nobody began it, or whoever did has had his time.
const FREE: &str = "attribute_not_exists(mail_state) OR (mail_state = :begun AND lease_until_ms < :now_ms)";
const BEGIN: &str = "SET mail_state = :begun, lease_until_ms = :until_ms, forget_at_s = :forget_s";
const END: &str = "SET mail_state = :ended, forget_at_s = :forget_s REMOVE lease_until_ms";
const BEGUN: &str = "begun";

/// What an asker may do about an order's letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Write it: nobody else will while the lease runs.
    Yours,
    /// Nothing: it went out.
    Sent,
    /// Nothing: it will never go out.
    Refused,
    /// Ask later: somebody is at it, or died over it.
    Taken,
}

/// How a letter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Sent,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// Unknown what was written: ask again.
    #[error("the send ledger does not answer")]
    Unavailable,
}

/// One row an order: begun (with a lease) -> sent | refused.
pub struct SendLedger {
    client: Client,
    config: LedgerConfig,
    clock: Arc<dyn Clock>,
}

impl SendLedger {
    /// Nothing is connected before the first question.
    pub fn new(aws: &SdkConfig, config: LedgerConfig, clock: Arc<dyn Clock>) -> Self {
        let (whole, retry) = (config.answer_max.get(), RetryConfig::standard().with_max_attempts(TRIES));
        let timeouts = TimeoutConfig::builder().operation_timeout(whole).operation_attempt_timeout(whole / 2);
        let sdk = Builder::from(aws).timeout_config(timeouts.build()).retry_config(retry).build();
        Self { client: Client::from_conf(sdk), config, clock }
    }

    /// Takes the turn to write to this order, if it is free.
    ///
    /// Repeat: asking again while the lease runs is answered `Taken`, to the same asker too.
    /// Errors: `Unavailable`: nobody writes until the lease that may have begun is over.
    pub async fn begin(&self, order: OrderId) -> Result<Turn, LedgerError> {
        let now_ms = self.clock.now().0;
        let asked = self
            .client
            .update_item()
            .table_name(&self.config.table)
            .key("order_id", text(order))
            .update_expression(BEGIN)
            .condition_expression(FREE)
            .expression_attribute_values(":begun", text(BEGUN))
            .expression_attribute_values(":now_ms", number(now_ms))
            .expression_attribute_values(":until_ms", number(now_ms + self.config.lease.ms()))
            .expression_attribute_values(":forget_s", self.forget_at())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = asked.send().await else { return Ok(Turn::Yours) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(stands)) => Ok(turn(stands.item())),
            _ => Err(no_answer(order, error.code())),
        }
    }

    /// Writes down how it ended.
    pub async fn end(&self, order: OrderId, end: End) -> Result<(), LedgerError> {
        let ended = self
            .client
            .update_item()
            .table_name(&self.config.table)
            .key("order_id", text(order))
            .update_expression(END)
            .expression_attribute_values(":ended", text(end.word()))
            .expression_attribute_values(":forget_s", self.forget_at());
        ended.send().await.map(drop).map_err(|error| no_answer(order, error.code()))
    }

    fn forget_at(&self) -> AttributeValue {
        number(self.clock.now().0 / 1000 + self.config.keep.s())
    }
}

impl End {
    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
        }
    }
}

/// What stands in the row that was not free.
fn turn(row: Option<&HashMap<String, AttributeValue>>) -> Turn {
    let state = row.and_then(|row| row.get("mail_state")?.as_s().ok()).map(String::as_str);
    match state {
        Some("sent") => Turn::Sent,
        Some("refused") => Turn::Refused,
        _ => Turn::Taken,
    }
}

fn no_answer(order_id: OrderId, code: Option<&str>) -> LedgerError {
    tracing::warn!(%order_id, code, "the send ledger did not answer");
    LedgerError::Unavailable
}

fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
