//! Accounts: who somebody is, and how they prove it.

mod email;
mod me;
mod refresh;
mod session;
mod sign_in;
mod sign_out;
mod sign_up;
mod staff;

use kit::tokens::Role;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub use email::{BadEmail, normalise};
pub use staff::{EnsureStaffError, STAFF_EMAIL, STAFF_PASSWORD, ensure_staff};

use crate::shop::Shop;

/// The shortest and longest password, in characters.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// The longest name, in characters.
pub const NAME_MAX_CHARS: usize = 64;

/// Somebody with an account, as they themselves see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserBody {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub role: Role,
}

pub fn routes() -> OpenApiRouter<Shop> {
    OpenApiRouter::new()
        .routes(routes!(sign_up::sign_up))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(refresh::refresh))
        .routes(routes!(sign_out::sign_out))
        .routes(routes!(me::me))
}

/// The journal's word for what the tokens call a role.
pub(crate) fn role_of(role: journal::account::Role) -> Role {
    match role {
        journal::account::Role::Buyer => Role::Buyer,
        journal::account::Role::Staff => Role::Staff,
    }
}

impl UserBody {
    fn of(account: &journal::account::Account) -> Self {
        let journal::account::Account { id, email, name, role } = account.clone();
        Self { id: id.0, email, name, role: role_of(role) }
    }
}
