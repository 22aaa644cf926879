//! The session: an access token to show, a refresh token to renew it with.

use journal::account::{Account, NewSession};
use kit::tokens::refresh_secret;
use sale::time::UnixMs;
use serde::Serialize;
use utoipa::ToSchema;

use super::{UserBody, role_of};
use crate::shop::Shop;

/// What a sign-up, a sign-in or a refresh gives.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionBody {
    pub user: UserBody,
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Good once; using it gives the next. One that comes back a second time ends the session.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: i64,
}

/// A session about to begin, and the secret that its owner keeps.
pub struct Begun {
    pub row: NewSession,
    secret: String,
    now: UnixMs,
}

impl Shop {
    /// A new session; the caller writes its row before it hands out [`Begun::body`].
    pub fn begin_session(&self) -> Begun {
        let now = self.stores.clock.now();
        let (secret, token_hash) = refresh_secret(&*self.stores.chance);
        let family_id = self.stores.chance.v7(now);
        let expires_at = now + self.config.tokens.refresh_ttl.ms();
        Begun { row: NewSession { token_hash, family_id, expires_at }, secret, now }
    }
}

impl Begun {
    pub fn body(self, shop: &Shop, account: &Account) -> SessionBody {
        let ttl = shop.config.tokens.access_ttl;
        SessionBody {
            user: UserBody::of(account),
            access_token: shop.keys.access(account.id, role_of(account.role), self.now, ttl.get()),
            refresh_token: self.secret,
            expires_in: ttl.s(),
        }
    }
}
