//! Find: whose address or id this is.

use sale::ids::UserId;

use super::{Account, Credentials, account};
use crate::{Journal, JournalError, args, sql};

impl Journal {
    /// The account of an address in its one spelling.
    pub async fn credentials(&self, email: &str) -> Result<Option<Credentials>, JournalError> {
        let row = self.db.row(sql!("account/by_email"), args![email]).await?;
        row.map(|row| Ok(Credentials { account: account(&row)?, password_hash: row.text("password_hash")? }))
            .transpose()
    }

    pub async fn account(&self, id: UserId) -> Result<Option<Account>, JournalError> {
        let row = self.db.row(sql!("account/by_id"), args![id]).await?;
        row.as_ref().map(account).transpose()
    }
}
