//! Staff: the account whose address and password the operator has given.

use super::{Account, Role, account};
use crate::{Journal, JournalError, args, db::word, sql};

impl Journal {
    /// Makes this account, or gives the one of the same address this password and the role staff, and ends its sessions.
    ///
    /// Repeat: the same account again. An address that a buyer signed up with becomes staff: the operator decides.
    pub async fn ensure_staff(&self, wanted: &Account, password_hash: &str) -> Result<Account, JournalError> {
        let mut tx = self.db.begin().await?;
        if !super::sign_up::insert(self, &mut tx, wanted, password_hash).await? {
            let now = self.now(&mut tx).await?;
            tx.run(sql!("account/promote"), args![password_hash, word(Role::Staff), &wanted.email]).await?;
            tx.run(sql!("account/revoke_all"), args![now, &wanted.email]).await?;
        }
        let row = tx.row(sql!("account/by_email"), args![&wanted.email]).await?;
        let row = row.ok_or_else(|| JournalError::Data("the staff account is not there after writing it".into()))?;
        let staff = account(&row)?;
        tx.commit().await?;
        Ok(staff)
    }
}
