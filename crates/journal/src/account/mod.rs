//! Accounts: who may sign in, and which of their sessions still live.

use sale::{ids::UserId, time::UnixMs};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{JournalError, db::Row};

mod find;
mod prune;
mod session;
mod sign_up;
mod staff;

pub use session::RotateError;
pub use sign_up::SignUpError;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Buyer,
    Staff,
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: UserId,
    /// In its one spelling: see the caller that normalises it.
    pub email: String,
    pub name: String,
    pub role: Role,
}

/// An account with what proves its owner.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub account: Account,
    /// PHC text of the slow hash.
    pub password_hash: String,
}

/// A session about to begin: the secret's hash, never the secret.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    pub token_hash: [u8; 32],
    /// All tokens that follow from one sign-in.
    pub family_id: Uuid,
    pub expires_at: UnixMs,
}

fn account(row: &Row) -> Result<Account, JournalError> {
    Ok(Account { id: row.id("id")?, email: row.text("email")?, name: row.text("name")?, role: row.word("role")? })
}
