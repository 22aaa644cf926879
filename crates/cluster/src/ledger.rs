//! The ledger in a Redis Cluster.

mod answer;
mod keys;
mod redis;

pub use self::redis::RedisLedger;
