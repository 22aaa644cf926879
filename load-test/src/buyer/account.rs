//! The account: who a virtual buyer is, and how they sign up, in and again.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::bail;
use sale::{ids::UserId, port::chance::Chance};
use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use super::{
    address,
    http::{Answer, Call, Http, Lost},
    wait::Backoff,
};

/// Tries of one sign-up before the run fails.
const SIGN_UP_TRIES: u32 = 8;
/// The longest wait that a `Retry-After` can ask of us.
const RETRY_MAX: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct Account {
    /// Counts buyers from 0; also gives the address.
    pub n: u32,
    pub source: Ipv4Addr,
    pub email: String,
    pub password: String,
    pub user_id: UserId,
    pub access_token: String,
    pub refresh_token: String,
}

#[derive(Deserialize)]
struct Session {
    user: User,
    access_token: String,
    refresh_token: String,
}

#[derive(Deserialize)]
struct User {
    id: UserId,
}

/// Signs buyer `n` up; a sign-up whose answer was lost becomes a sign-in.
///
/// Shape: one account, one address. Repeat: safe with the same `run` and `n`. Errors: after [`SIGN_UP_TRIES`].
pub async fn sign_up(http: &mut Http, run: &str, n: u32, chance: &dyn Chance) -> anyhow::Result<Account> {
    let (email, password) = (format!("buyer{n}.{run}@load.example"), format!("pass-{run}-{n}"));
    let mut backoff = Backoff::default();
    let mut why = String::new();
    for _ in 0..SIGN_UP_TRIES {
        let body = json!({"email": email, "password": password, "name": format!("Buyer {n}")});
        let answer = http.call(&Call::post("/api/v1/users", body)).await;
        match answer {
            Ok(answer) if answer.status == 201 => return account(n, email, password, &answer),
            // Ours, from a try whose answer was lost.
            Ok(answer) if answer.status == 409 => {
                let answer = sign_in(http, &email, &password).await?;
                return account(n, email, password, &answer);
            }
            Ok(answer) if matches!(answer.status, 429 | 503) => {
                why = format!("{} {}", answer.status, answer.code());
                sleep(answer.retry_after.unwrap_or_default().min(RETRY_MAX)).await;
            }
            Ok(answer) => bail!("sign-up of buyer {n}: {} {}", answer.status, answer.code()),
            Err(lost) => why = lost.to_string(),
        }
        sleep(backoff.next(chance)).await;
    }
    bail!("sign-up of buyer {n}: gave up after {SIGN_UP_TRIES} tries: {why}")
}

fn account(n: u32, email: String, password: String, answer: &Answer) -> anyhow::Result<Account> {
    let Session { user, access_token, refresh_token } = answer.read().map_err(anyhow::Error::msg)?;
    let source = address::of_buyer(n);
    Ok(Account { n, source, email, password, user_id: user.id, access_token, refresh_token })
}

/// Asks for a session with mail and password.
pub async fn sign_in(http: &mut Http, email: &str, password: &str) -> Result<Answer, Lost> {
    http.call(&Call::post("/api/v1/auth/token", json!({"email": email, "password": password}))).await
}

impl Account {
    /// Takes the tokens of a fresh session; false where the answer is none.
    pub fn renew(&mut self, answer: &Answer) -> bool {
        let Ok(session) = answer.read::<Session>() else { return false };
        (self.access_token, self.refresh_token) = (session.access_token, session.refresh_token);
        session.user.id == self.user_id
    }

    /// Trades the refresh token for new tokens; signs in anew where it is not taken.
    pub async fn refresh(&mut self, http: &mut Http) -> Result<bool, Lost> {
        let answer =
            http.call(&Call::post("/api/v1/auth/refresh", json!({"refresh_token": self.refresh_token}))).await?;
        if answer.is_ok() && self.renew(&answer) {
            return Ok(true);
        }
        let answer = sign_in(http, &self.email, &self.password).await?;
        Ok(answer.is_ok() && self.renew(&answer))
    }
}
