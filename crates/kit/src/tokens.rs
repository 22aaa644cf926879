//! Tokens: signed statements that come back to us: who somebody is, what they hold, what they were promised.
//!
//! Each kind has its own `typ` and `aud`, so that none passes for another. HS256 only; the key is chosen by `kid`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, crypto};
use sale::{
    ids::{ClaimId, SaleItemId, UserId},
    money::Money,
    time::UnixMs,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{fmt, str::FromStr, time::Duration};
use thiserror::Error;

mod keys;
mod refresh;

use keys::Key;
pub use keys::{KEYS_MANUAL, Keys, KeysConfig, KeysError};
pub use refresh::{hash_refresh, refresh_secret};

/// What is longer is refused unread.
pub const TOKEN_MAX_BYTES: usize = 4096;

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// Not a token of this kind that we signed.
    #[error("not a valid token")]
    Invalid,
    /// Ours, and its time is over: sign in again or refresh.
    #[error("the token has expired")]
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Buyer,
    Staff,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Staff => "staff",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        [Self::Buyer, Self::Staff].into_iter().find(|role| role.as_str() == text).ok_or(TokenError::Invalid)
    }
}

/// Who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub user_id: UserId,
    pub role: Role,
    pub exp: UnixMs,
}

/// The purchase pass: what one hold entitles its buyer to. Minted from the committed row wherever it is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    pub buyer_id: UserId,
    pub claim_id: ClaimId,
    pub sale_item_id: SaleItemId,
    pub quantity: u32,
    /// For all units together.
    pub amount: Money,
    pub generation: i64,
    pub deadline: UnixMs,
}

/// The promise that a claim will be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub claim_id: ClaimId,
    pub buyer_id: UserId,
    pub received_at: UnixMs,
}

/// A kind of token: names that keep it apart from the others.
pub(crate) trait Kind: Serialize + DeserializeOwned {
    const TYP: &'static str;
    const AUD: &'static str;

    fn aud(&self) -> &str;
}

/// Every `typ` there is.
const TYPS: [&str; 3] = [AccessClaims::TYP, PassClaims::TYP, ReceiptClaims::TYP];

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    aud: String,
    sub: UserId,
    role: Role,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct PassClaims {
    aud: String,
    sub: UserId,
    claim_id: ClaimId,
    sale_item_id: SaleItemId,
    quantity: u32,
    amount: Money,
    generation: i64,
    /// The deadline to the millisecond; `exp` is cut off to the second and never later.
    deadline_ms: i64,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct ReceiptClaims {
    aud: String,
    sub: UserId,
    claim_id: ClaimId,
    received_at_ms: i64,
}

impl Kind for AccessClaims {
    const TYP: &'static str = "at+jwt";
    const AUD: &'static str = "miaosha/access";

    fn aud(&self) -> &str {
        &self.aud
    }
}
impl Kind for PassClaims {
    const TYP: &'static str = "pass+jwt";
    const AUD: &'static str = "miaosha/pass";

    fn aud(&self) -> &str {
        &self.aud
    }
}
impl Kind for ReceiptClaims {
    const TYP: &'static str = "receipt+jwt";
    const AUD: &'static str = "miaosha/receipt";

    fn aud(&self) -> &str {
        &self.aud
    }
}

impl Keys {
    /// An access token, good until `now + ttl`, cut off to the second.
    pub fn access(&self, user_id: UserId, role: Role, now: UnixMs, ttl: Duration) -> String {
        let ttl_s = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX / 2000);
        let iat = now.0.div_euclid(1000);
        let aud = AccessClaims::AUD.to_owned();
        self.sign(&AccessClaims { aud, sub: user_id, role, iat, exp: iat.saturating_add(ttl_s) })
    }

    /// Errors: `Expired` from the second of `exp` on, by `now` alone.
    pub fn verify_access(&self, token: &str, now: UnixMs) -> Result<Access, TokenError> {
        let claims: AccessClaims = self.verify(token)?;
        let exp = UnixMs(claims.exp.saturating_mul(1000));
        if now >= exp {
            return Err(TokenError::Expired);
        }
        Ok(Access { user_id: claims.sub, role: claims.role, exp })
    }

    /// A purchase pass. Its `exp` is the deadline, cut off to the second: a hint for caches.
    pub fn pass(&self, pass: Pass, now: UnixMs) -> String {
        self.sign(&PassClaims {
            aud: PassClaims::AUD.to_owned(),
            sub: pass.buyer_id,
            claim_id: pass.claim_id,
            sale_item_id: pass.sale_item_id,
            quantity: pass.quantity,
            amount: pass.amount,
            generation: pass.generation,
            deadline_ms: pass.deadline.0,
            iat: now.0.div_euclid(1000),
            exp: pass.deadline.0.div_euclid(1000),
        })
    }

    /// Reads a pass back. Says nothing of time: a deadline can move, so the hold's row judges, not the pass.
    pub fn verify_pass(&self, token: &str) -> Result<Pass, TokenError> {
        let claims: PassClaims = self.verify(token)?;
        Ok(Pass {
            buyer_id: claims.sub,
            claim_id: claims.claim_id,
            sale_item_id: claims.sale_item_id,
            quantity: claims.quantity,
            amount: claims.amount,
            generation: claims.generation,
            deadline: UnixMs(claims.deadline_ms),
        })
    }

    /// A receipt. The same claim at the same instant gives the same text again, as long as the key lives.
    pub fn receipt(&self, receipt: Receipt) -> String {
        self.sign(&ReceiptClaims {
            aud: ReceiptClaims::AUD.to_owned(),
            sub: receipt.buyer_id,
            claim_id: receipt.claim_id,
            received_at_ms: receipt.received_at.0,
        })
    }

    pub fn verify_receipt(&self, token: &str) -> Result<Receipt, TokenError> {
        let claims: ReceiptClaims = self.verify(token)?;
        Ok(Receipt { claim_id: claims.claim_id, buyer_id: claims.sub, received_at: UnixMs(claims.received_at_ms) })
    }

    /// Plain data under an HMAC key: signing has nothing to fail on. Were it to, the empty text verifies nowhere.
    fn sign<K: Kind>(&self, claims: &K) -> String {
        let key = self.current();
        let signed = serde_json::to_vec(claims).map_err(|error| error.to_string()).and_then(|claims| {
            let text = format!("{}.{}", key.head(K::TYP), URL_SAFE_NO_PAD.encode(claims));
            let signature = crypto::sign(text.as_bytes(), &key.sign, Algorithm::HS256);
            signature.map(|signature| format!("{text}.{signature}")).map_err(|error| error.to_string())
        });
        signed.unwrap_or_else(|error| {
            tracing::error!(error, kind = K::TYP, "a token could not be signed");
            String::new()
        })
    }

    fn verify<K: Kind>(&self, token: &str) -> Result<K, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::Invalid);
        }
        self.read(token).ok_or(TokenError::Invalid)
    }

    /// Signature and audience only: time is judged by its reader's clock.
    fn read<K: Kind>(&self, token: &str) -> Option<K> {
        let (text, signature) = token.rsplit_once('.')?;
        let (head, claims) = text.split_once('.')?;
        // As we write it ourselves, letter by letter, or by what it says.
        let key = self.with_head(K::TYP, head).or_else(|| self.named::<K>(token))?;
        if !crypto::verify(signature, text.as_bytes(), &key.verify, Algorithm::HS256).ok()? {
            return None;
        }
        let claims: K = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        (claims.aud() == K::AUD).then_some(claims)
    }

    /// The key that a header names, if it is the header of such a token.
    fn named<K: Kind>(&self, token: &str) -> Option<&Key> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        // A critical extension that we do not know must not be overlooked.
        let is_such = header.typ.as_deref() == Some(K::TYP) && header.alg == Algorithm::HS256 && header.crit.is_none();
        is_such.then(|| self.find(header.kid.as_deref()?))?
    }
}

#[cfg(test)]
mod tests;
