//! The broker of a stack: how many claims it still holds, asked at its management door.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddrV4},
};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::buyer::http::{Call, Http};

/// What our binaries call their claim queues; behind the dot stands a number.
const CLAIMS: &str = "claims.";

/// Where the management door is, and who may ask there.
#[derive(Clone)]
pub struct BrokerAt {
    at: SocketAddrV4,
    login: String,
}

#[derive(Deserialize)]
struct Queue {
    name: String,
    /// Ready and unacked; absent in the first seconds of a queue.
    #[serde(default)]
    messages: u64,
}

impl fmt::Debug for BrokerAt {
    /// Without the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerAt").field("at", &self.at).finish_non_exhaustive()
    }
}

impl BrokerAt {
    /// From `http://user:password@address:port`.
    pub fn read(url: &str) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("http://").and_then(|rest| rest.split_once('@'));
        let (login, at) = rest.context("the broker's management door has no address with a login")?;
        let at = at.trim_end_matches('/').parse().with_context(|| format!("{at} is no address of a broker"))?;
        Ok(Self { at, login: login.to_owned() })
    }

    /// Claims that are waiting or being decided. The broker counts every five seconds.
    pub async fn waiting(&self) -> anyhow::Result<u64> {
        let mut http = Http::new(Ipv4Addr::LOCALHOST, self.at);
        let answer = http.call(&Call::get("/api/queues?columns=name,messages").basic(&self.login)).await?;
        ensure!(answer.is_ok(), "the broker answered {} when asked for its queues", answer.status);
        let queues: Vec<Queue> = answer.read().map_err(anyhow::Error::msg)?;
        Ok(queues.iter().filter(|queue| is_of_claims(&queue.name)).map(|queue| queue.messages).sum())
    }
}

/// Not what was put aside because nobody can read it.
fn is_of_claims(name: &str) -> bool {
    name.strip_prefix(CLAIMS).is_some_and(|part| part.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_an_address_with_a_login() {
        let broker = BrokerAt::read("http://guest:word@127.4.5.21:15672").unwrap();
        assert_eq!((broker.at, &*broker.login), ("127.4.5.21:15672".parse().unwrap(), "guest:word"));
        assert!(BrokerAt::read("http://127.4.5.21:15672").is_err());
    }

    #[test]
    fn parked_messages_and_timers_wait_for_nobody() {
        let claims: Vec<_> = ["claims.0", "claims.31", "claims.parked", "timers.3s"].map(is_of_claims).into();
        assert_eq!(claims, [true, true, false, false]);
    }
}
