//! The staff login: taken from the environment, or made on the first start and told once.

use std::fmt;

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use general::{STAFF_EMAIL, STAFF_PASSWORD};
use journal::account::Role;
use sale::ids::UserId;

use crate::house::House;

/// Whose login is made when nobody named one.
const DEFAULT_EMAIL: &str = "staff@miaosha.test";
/// Where it is remembered that it was made.
const MADE: &str = "staff-made";

/// Who staff are, as the first lines tell it.
pub struct Staff {
    pub user_id: UserId,
    email: String,
    told: Told,
}

enum Told {
    Now(String),
    ByEnvironment,
    Before,
}

impl fmt::Display for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let email = &self.email;
        match &self.told {
            Told::Now(password) => {
                write!(f, "Staff sign in as {email} with the password {password} (told only this once)")
            }
            Told::ByEnvironment => write!(f, "Staff sign in as {email} with the password of {STAFF_PASSWORD}"),
            Told::Before => write!(
                f,
                "Staff sign in as {email} with the password told at the first start (or set {STAFF_EMAIL} and {STAFF_PASSWORD})"
            ),
        }
    }
}

/// Makes sure that staff can sign in.
pub async fn ensure(house: &House) -> anyhow::Result<Staff> {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let email = named(STAFF_EMAIL).unwrap_or_else(|| DEFAULT_EMAIL.to_owned());
    ensure_as(house, &email, named(STAFF_PASSWORD)).await
}

async fn ensure_as(house: &House, email: &str, password: Option<String>) -> anyhow::Result<Staff> {
    // Accounts are found by the one spelling of their address.
    let email = general::account::normalise(email).context(STAFF_EMAIL)?;
    let made = house.data_dir.join(MADE);
    let (password, told) = match password {
        Some(password) => (password, Told::ByEnvironment),
        None => {
            let known = house.journal.credentials(&email).await?;
            let staff = known.filter(|known| made.exists() && known.account.role == Role::Staff);
            if let Some(credentials) = staff {
                return Ok(Staff { user_id: credentials.account.id, email, told: Told::Before });
            }
            let password = new_password(house);
            (password.clone(), Told::Now(password))
        }
    };
    let account = general::ensure_staff(&house.stores, &house.journal, &email, &password).await?;
    std::fs::write(&made, b"").context("cannot remember that the staff login was made")?;
    Ok(Staff { user_id: account.id, email, told })
}

fn new_password(house: &House) -> String {
    let mut bytes = [0; 12];
    house.stores.chance.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, house};
    use clap::Parser;
    use kit::lifecycle::Lifecycle;

    #[tokio::test]
    async fn a_password_is_made_once_however_the_address_is_spelt_and_anew_for_who_is_no_staff() {
        let folder = std::env::temp_dir().join(format!("miaosha-staff-{}", std::process::id()));
        let args = ["miaosha", "--no-demo", "--data-dir", folder.to_str().unwrap()];
        let life = Lifecycle::new();
        let house = house::open(config::load(&config::Cli::parse_from(args)).unwrap(), &life).await.unwrap();
        let first = ensure_as(&house, "Staff@Example.COM", None).await.unwrap();
        assert!(matches!(first.told, Told::Now(_)));
        let again = ensure_as(&house, "staff@example.com ", None).await.unwrap();
        assert!(matches!(again.told, Told::Before));
        assert_eq!(again.user_id, first.user_id);
        let other = ensure_as(&house, "other@example.com", None).await.unwrap();
        assert!(matches!(other.told, Told::Now(_)), "nobody was told a password of theirs");
        assert!(ensure_as(&house, "nobody", None).await.is_err());
        life.stop(std::time::Duration::from_secs(5)).await;
        house.journal.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
