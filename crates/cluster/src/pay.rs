//! A payment provider over HTTP.
