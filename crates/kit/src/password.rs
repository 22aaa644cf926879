//! The password: hashed slowly on purpose, by few at a time, so that a crowd at the sign-in cannot take the machine.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use sale::port::chance::Chance;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::OsChance;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum PasswordError {
    /// As many wait as may wait: 503, try again.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored hash or the machine is at fault, not the password.
    #[error("a password could not be worked on: {0}")]
    Broken(String),
}

/// Argon2id at 19 MiB, two passes, one lane: the first of the settings OWASP recommends.
///
/// Bounds: `parallel` at work, each with its memory; `waiting_max` behind them; more is `Busy`.
#[derive(Clone, Debug)]
pub struct Hasher {
    params: Params,
    inside: Arc<Semaphore>,
    working: Arc<Semaphore>,
    /// Checked in place of an unknown user's, so that both take as long.
    dummy: Arc<str>,
}

impl Hasher {
    pub fn new(parallel: usize, waiting_max: usize) -> Self {
        Self::with_params(parallel, waiting_max, Params::DEFAULT)
    }

    /// Hashes in a moment and protects nothing: for tests that sign many people up.
    pub fn weak_for_tests() -> Self {
        let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap_or(Params::DEFAULT);
        Self::with_params(4, 10_000, params)
    }

    fn with_params(parallel: usize, waiting_max: usize, params: Params) -> Self {
        let parallel = parallel.max(1);
        let dummy = format!(
            "$argon2id$v=19$m={},t={},p={}$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            params.m_cost(),
            params.t_cost(),
            params.p_cost()
        );
        Self {
            params,
            inside: Arc::new(Semaphore::new(parallel.saturating_add(waiting_max).min(Semaphore::MAX_PERMITS))),
            working: Arc::new(Semaphore::new(parallel)),
            dummy: dummy.into(),
        }
    }

    /// The hash to store, in PHC text form with a new salt.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let argon = self.argon();
        self.work(move || {
            let mut salt = [0; 16];
            OsChance.fill(&mut salt);
            argon.hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string())
        })
        .await?
        .map_err(|error| PasswordError::Broken(error.to_string()))
    }

    /// Whether it is the password. `None` for an unknown user: the same work, then `false`.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        let (argon, known) = (self.argon(), hash.is_some());
        let hash = hash.unwrap_or_else(|| self.dummy.to_string());
        let checked = self.work(move || {
            let hash = PasswordHash::new(&hash)?;
            argon.verify_password(password.as_bytes(), &hash)
        });
        match checked.await? {
            Ok(()) => Ok(known),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(PasswordError::Broken(error.to_string())),
        }
    }

    fn argon(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// Runs slow work on a blocking thread. Both permits go with it: a caller who leaves does not make room that is not there.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let Ok(inside) = self.inside.clone().try_acquire_owned() else {
            metrics::counter!("passwords_refused_total").increment(1);
            return Err(PasswordError::Busy);
        };
        let working = self.working.clone().acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let permits: [OwnedSemaphorePermit; 2] = [inside, working];
        let job = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permits);
            done
        });
        job.await.map_err(|error| PasswordError::Broken(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_password_opens_and_nothing_else_does() {
        let hasher = Hasher::new(1, 4);
        let hash = hasher.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify("wrong horse".into(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_user_costs_the_same_work_and_never_gets_in() {
        for hasher in [Hasher::new(1, 4), Hasher::weak_for_tests()] {
            let dummy = PasswordHash::new(&hasher.dummy).unwrap();
            let params = Params::try_from(&dummy).unwrap();
            assert_eq!((params.m_cost(), params.t_cost()), (hasher.params.m_cost(), hasher.params.t_cost()));
            assert!(!hasher.verify("anything".into(), None).await.unwrap());
        }
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let hasher = Hasher::weak_for_tests();
        assert_ne!(hasher.hash("same".into()).await.unwrap(), hasher.hash("same".into()).await.unwrap());
    }

    #[tokio::test]
    async fn a_crowd_is_turned_back_at_the_bound() {
        let hasher = Hasher::new(1, 2);
        let _three_inside = hasher.inside.clone().try_acquire_many_owned(3).unwrap();
        assert_eq!(hasher.hash("a password".into()).await, Err(PasswordError::Busy));
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_wrong_password() {
        let hasher = Hasher::weak_for_tests();
        let answer = hasher.verify("x".into(), Some("plain text".into())).await;
        assert!(matches!(answer, Err(PasswordError::Broken(_))));
    }
}
