//! Limits: whose bucket pays for a request, and how much is in it.

use kit::http::{ClientAddr, Problem, RateHeaders, enforce};
use sale::ids::UserId;
use sha2::{Digest, Sha256};

use crate::{config::RateText, shop::Shop};

/// An answer of a limited route: how much is left, told with whatever came of it.
pub type Limited<T> = Result<(RateHeaders, Result<T, Problem>), Problem>;

impl Shop {
    /// One sign-in: first the address pays, then the account, so that one address cannot lock others out for free.
    pub(crate) async fn limit_login(&self, addr: ClientAddr, email: &str) -> Result<RateHeaders, Problem> {
        let limits = &self.config.limits;
        self.take("login-addr", &addr.limit_key(), limits.login_per_address).await?;
        self.take("login", &name_of(email), limits.login_per_account).await
    }

    pub(crate) async fn limit_sign_up(&self, addr: ClientAddr) -> Result<RateHeaders, Problem> {
        self.take("sign-up", &addr.limit_key(), self.config.limits.sign_up_per_address).await
    }

    /// One write of somebody signed in.
    pub async fn limit_user(&self, user: UserId) -> Result<RateHeaders, Problem> {
        self.take("user", &user.to_string(), self.config.limits.user_writes).await
    }

    /// One write of nobody we know.
    pub(crate) async fn limit_anonymous(&self, addr: ClientAddr) -> Result<RateHeaders, Problem> {
        self.take("anonymous", &addr.limit_key(), self.config.limits.anonymous_writes).await
    }

    async fn take(&self, what: &'static str, who: &str, rate: RateText) -> Result<RateHeaders, Problem> {
        enforce(&*self.stores.limiter, what, who, rate.0).await
    }
}

/// A name for an address's bucket: the limiter's store never sees the address.
fn name_of(email: &str) -> String {
    Sha256::digest(email.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
