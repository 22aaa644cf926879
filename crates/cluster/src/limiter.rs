//! Token buckets in Redis.
