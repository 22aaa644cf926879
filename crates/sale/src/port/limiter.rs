//! The limiter: token buckets by name.

use async_trait::async_trait;

use crate::bucket::{Answer, Rate};

/// Token buckets, made when first asked for and forgotten when full.
///
/// Shape: one token of the bucket `key` at `rate`. Units: see [`Rate`].
/// Repeat: every call takes a token; a refusal takes none.
/// Errors: none: a limiter whose store does not answer uses buckets of its own process.
#[async_trait]
pub trait Limiter: Send + Sync + 'static {
    async fn take(&self, key: &str, rate: Rate) -> Answer;

    /// A refusal of the bucket `key` that still stands, as far as memory knows; `None`: ask. Takes nothing and waits for nobody.
    fn refused(&self, key: &str, rate: Rate) -> Option<Answer>;
}
