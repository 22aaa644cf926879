//! Staff: the account that the operator has given, there at every start.

use journal::{
    Journal, JournalError,
    account::{Account, Role},
};
use kit::password::{Hasher, PasswordError};
use sale::stores::Stores;
use thiserror::Error;

use super::{BadEmail, PASSWORD_CHARS, normalise};

/// Names that the environment may carry beside the settings: the staff account that is there at every start.
pub const STAFF_EMAIL: &str = "MIAOSHA_STAFF_EMAIL";
pub const STAFF_PASSWORD: &str = "MIAOSHA_STAFF_PASSWORD";

#[derive(Debug, Error)]
pub enum EnsureStaffError {
    #[error("the staff address is {0}")]
    Email(#[from] BadEmail),
    #[error("the staff password has {} to {} characters", PASSWORD_CHARS.start(), PASSWORD_CHARS.end())]
    Password,
    #[error(transparent)]
    Hash(#[from] PasswordError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Makes the staff account of this address, or gives the one that is there this password and the role.
///
/// Repeat: with the same password nothing changes, so staff stay signed in over a restart; another one signs them out.
pub async fn ensure_staff(
    stores: &Stores,
    journal: &Journal,
    email: &str,
    password: &str,
) -> Result<Account, EnsureStaffError> {
    let email = normalise(email)?;
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        return Err(EnsureStaffError::Password);
    }
    let hasher = Hasher::new(1, 1);
    if let Some(known) = journal.credentials(&email).await? {
        let same = hasher.verify(password.to_owned(), Some(known.password_hash)).await?;
        if same && known.account.role == Role::Staff {
            return Ok(known.account);
        }
    }
    let hash = hasher.hash(password.to_owned()).await?;
    let id = stores.chance.v7(stores.clock.now()).into();
    let wanted = Account { id, email, name: "Staff".to_owned(), role: Role::Staff };
    Ok(journal.ensure_staff(&wanted, &hash).await?)
}
