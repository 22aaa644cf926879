//! The ledger in a Redis Cluster.
