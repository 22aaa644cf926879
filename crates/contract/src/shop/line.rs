//! In line: what buyers do in a test, and how it is waited for.

use sale::{
    claim::{Claim, ClaimState, ClaimView, Command},
    ids::{SaleItemId, UserId, claim_id},
    port::{
        ledger::{Ledger, Levels},
        queue::Message,
    },
};

use super::Shop;
use crate::fresh::until;

impl Shop {
    /// A buyer's claim as the publisher would make it.
    pub fn claim(&self, item: SaleItemId, buyer: UserId, attempt: u32, quantity: u32) -> Command {
        Command::Claim(Claim::new(item, buyer, attempt, quantity, self.now()))
    }

    pub fn withdraw(&self, item: SaleItemId, buyer: UserId, attempt: u32) -> Command {
        Command::Withdraw(Claim::new(item, buyer, attempt, 1, self.now()))
    }

    /// Puts commands of one item on the queue, one message each.
    pub async fn put(&self, item: SaleItemId, commands: impl IntoIterator<Item = Command>) {
        let message = |command| Message::new(item, vec![command]);
        self.stores.queue.put(commands.into_iter().map(message).collect()).await.expect("a receipt");
    }

    /// How a buyer's claim stands, if it was decided.
    pub async fn view(&self, item: SaleItemId, buyer: UserId, attempt: u32) -> Option<ClaimView> {
        self.journal.claim(claim_id(item, buyer, attempt)).await.expect("the journal")
    }

    /// What the ledger shows, if it has the item.
    pub async fn ledger_levels(&self, item: SaleItemId) -> Option<Levels> {
        self.ledger.read(item).await.ok()
    }

    /// Waits until a buyer's first claim stands so.
    pub async fn until_state(&self, item: SaleItemId, buyer: UserId, state: ClaimState) -> ClaimView {
        until(&format!("a claim that is {state:?}"), async || {
            self.view(item, buyer, 1).await.is_some_and(|view| view.state == state)
        })
        .await;
        self.view(item, buyer, 1).await.expect("a claim")
    }

    /// Waits until everything on the queue was decided and acked.
    pub async fn until_queue_is_empty(&self) {
        until("an empty queue", async || self.journal.queue_depth().await.expect("the journal").messages == 0).await;
    }
}
