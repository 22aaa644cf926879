//! HTTP: what every route shares, whatever it answers.

pub mod auth;
mod awaited;
pub mod body;
pub mod client_addr;
pub mod health;
pub mod limit;
pub mod object;
pub mod origin;
pub mod problem;
pub mod request_id;
pub mod security;
pub mod serve;
pub mod shell;
mod wire;

pub use auth::{Buyer, Signed, Staff, buyer_of, with_keys};
pub use body::{Json, Path, Query};
pub use client_addr::ClientAddr;
pub use limit::{RateHeaders, enforce};
pub use origin::OriginPolicy;
pub use problem::{Prepared, Problem};
pub use request_id::RequestId;
pub use security::with_csp;
pub use serve::{
    BindError, Enter, Entry, Head, Place, Refuse, ServeConfig, Served, ShortRefusal, ShortUpgrade, ShortWays,
    TakenBack, bind, serve, take_back,
};
pub use shell::shell;
