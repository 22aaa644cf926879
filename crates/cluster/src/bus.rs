//! The bus over Redis sharded pub/sub.
