//! `DELETE /api/v1/me/claims/{id}`: the buyer gives a hold or a place back.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use journal::claim::{RatifyError, WithdrawError};
use kit::http::{Buyer, Json, Path, Problem, RateHeaders};
use sale::{
    claim::{ClaimState, ClaimView},
    ids::{ClaimId, UserId, claim_id},
    wire::ClaimBody,
};
use uuid::Uuid;

use super::{Asked, RETRY_MS, problem, schema};

/// Give a claim back
///
/// Ends the buyer's own hold or standby entry; its units go to whoever waits. Safe to repeat: a claim that is withdrawn
/// already is answered as it stands.
#[utoipa::path(
    delete,
    path = "/api/v1/me/claims/{id}",
    tag = "claims",
    params(("id" = Uuid, Path, description = "The claim")),
    responses(
        (status = 200, description = "The claim, withdrawn", body = schema::Claim),
        (status = 401, description = "`unauthorized`, `invalid_token`, `token_expired`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: no such claim of this buyer", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`undecided`, `paying`, `ended` (member `claim`: how it stands)", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`; Retry-After says when", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`; Retry-After says when", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn claim(
    State(asked): State<Arc<Asked>>,
    Buyer(buyer): Buyer,
    Path(id): Path<Uuid>,
) -> Result<(RateHeaders, Json<ClaimBody>), Problem> {
    let rate = asked.rate(buyer).await?;
    let id = ClaimId(id);
    match asked.counter.journal.withdraw_now(buyer, id).await {
        // The journal has it; people and the ledger are told, and the answer is read as it stands then.
        Ok(done) => asked.counter.announce(done).await,
        Err(WithdrawError::Ended(ClaimState::Withdrawn)) => {}
        Err(error) => return Err(asked.refusal(buyer, id, error).await),
    }
    let row = asked.own(buyer, id).await?.ok_or_else(Problem::not_found)?;
    Ok((rate, Json(asked.body(&row).await?)))
}

impl Asked {
    async fn own(&self, buyer: UserId, id: ClaimId) -> Result<Option<ClaimView>, Problem> {
        let row = self.counter.journal.claim(id).await.map_err(problem)?;
        Ok(row.filter(|row| row.buyer_id == buyer))
    }

    async fn refusal(&self, buyer: UserId, id: ClaimId, error: WithdrawError) -> Problem {
        let (code, title) = match error {
            WithdrawError::Unknown(_) => return self.unknown(buyer, id).await.unwrap_or_else(|problem| problem),
            WithdrawError::Paying => ("paying", "the claim is being paid for"),
            WithdrawError::Ended(_) => ("ended", "the claim has ended already"),
            WithdrawError::Ratify(RatifyError::ClockStands) => return Problem::unavailable(RETRY_MS),
            WithdrawError::Ratify(RatifyError::UnknownItem) => return Problem::not_found(),
            WithdrawError::Ratify(RatifyError::Journal(error)) => return problem(error),
            WithdrawError::Ratify(error) => return Problem::internal(error),
        };
        let told = Problem::new(StatusCode::CONFLICT, code, title);
        match self.own(buyer, id).await {
            Ok(Some(row)) => match self.body(&row).await {
                Ok(body) => told.with("claim", body),
                Err(problem) => problem,
            },
            Ok(None) => told,
            Err(problem) => problem,
        }
    }

    /// No row has this id. If it is the one this buyer's next claim on a live item would have, it may lie on the queue.
    async fn unknown(&self, buyer: UserId, id: ClaimId) -> Result<Problem, Problem> {
        let journal = &self.counter.journal;
        let own = journal.claims_of(buyer, None).await.map_err(problem)?;
        let sales = journal.live_sales().await.map_err(problem)?;
        let mut items = sales.iter().flat_map(|view| &view.items).map(|item| item.item.id);
        let may_lie_on_the_queue = items.any(|item| {
            let tried = own.iter().filter(|row| row.sale_item_id == item).map(|row| row.attempt).max();
            claim_id(item, buyer, tried.unwrap_or(0) + 1) == id
        });
        if !may_lie_on_the_queue {
            return Ok(Problem::not_found());
        }
        let title = "the claim is not decided yet, if it was made at all";
        Ok(Problem::new(StatusCode::CONFLICT, "undecided", title))
    }
}
