//! The staff login: taken from the environment, or made on the first start and told once.

use std::fmt;

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sale::ids::UserId;

use crate::{
    config::{STAFF_EMAIL, STAFF_PASSWORD},
    house::House,
};

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
    let made = house.data_dir.join(MADE);
    let (password, told) = match named(STAFF_PASSWORD) {
        Some(password) => (password, Told::ByEnvironment),
        None => {
            let known = house.journal.credentials(&email).await?;
            if let Some(credentials) = known.filter(|_| made.exists()) {
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
