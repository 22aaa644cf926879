//! Sign-up: an account and its first session, both or neither.

use thiserror::Error;

use super::{Account, NewSession};
use crate::{
    Journal, JournalError, args,
    db::{Tx, word},
    sql,
};

#[derive(Debug, Error)]
pub enum SignUpError {
    /// Somebody has an account under this address.
    #[error("the address is taken")]
    EmailTaken,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Journal {
    /// Writes a new account and opens its first session.
    ///
    /// Repeat: the second one of the same address is `EmailTaken`, however close they come.
    pub async fn sign_up(&self, new: &Account, password_hash: &str, first: NewSession) -> Result<(), SignUpError> {
        let mut tx = self.db.begin().await?;
        if !insert(self, &mut tx, new, password_hash).await? {
            return Err(SignUpError::EmailTaken);
        }
        super::session::insert(&mut tx, new.id, first).await?;
        Ok(tx.commit().await?)
    }
}

/// Whether the account was written: not where the address is taken.
pub(super) async fn insert(journal: &Journal, tx: &mut Tx, new: &Account, hash: &str) -> Result<bool, JournalError> {
    let now = journal.now(tx).await?;
    let args = args![new.id, &new.email, &new.name, hash, word(new.role), now];
    Ok(tx.run(sql!("account/insert"), args).await? == 1)
}
