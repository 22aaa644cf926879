//! The broker of a stack, at its management door: how many claims it still holds; and claims can be laid there.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddrV4},
};

use anyhow::{Context, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use sale::port::queue::{Message, partition_of};
use serde::Deserialize;
use serde_json::json;

use crate::buyer::http::{Call, Http};

/// What our binaries call their claim queues; behind the dot stands a number.
const CLAIMS: &str = "claims.";
/// Puts under way at one time.
const PUTS_AT_ONCE: usize = 8;

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

    /// Lays messages on the claims queues as a publisher does: persistent, and stored when it returns.
    ///
    /// Order: of one item's messages is kept by nobody; who lays claims of other buyers needs none.
    pub async fn lay(&self, messages: Vec<Message>) -> anyhow::Result<()> {
        let partitions = self.queues().await?.len() as u32;
        ensure!(partitions > 0, "the broker has no queue of claims");
        let each = messages.len().div_ceil(PUTS_AT_ONCE).max(1);
        stream::iter(messages.chunks(each))
            .map(Ok)
            .try_for_each_concurrent(None, |part| async move {
                let mut http = Http::new(Ipv4Addr::LOCALHOST, self.at);
                for message in part {
                    self.lay_one(&mut http, message, partitions).await?;
                }
                anyhow::Ok(())
            })
            .await
    }

    async fn lay_one(&self, http: &mut Http, message: &Message, partitions: u32) -> anyhow::Result<()> {
        let body = json!({
            "routing_key": format!("{CLAIMS}{}", partition_of(message.sale_item_id, partitions)),
            "properties": {"delivery_mode": 2},
            "payload": serde_json::to_string(message)?,
            "payload_encoding": "string",
        });
        let call = Call::post("/api/exchanges/%2F/amq.default/publish", body).basic(&self.login);
        let answer = http.call(&call).await?;
        ensure!(answer.body["routed"] == true, "the broker answered {} when claims were laid", answer.status);
        Ok(())
    }

    /// Claims that are waiting or being decided. The broker counts every five seconds.
    pub async fn waiting(&self) -> anyhow::Result<u64> {
        Ok(self.queues().await?.iter().map(|queue| queue.messages).sum())
    }

    async fn queues(&self) -> anyhow::Result<Vec<Queue>> {
        let mut http = Http::new(Ipv4Addr::LOCALHOST, self.at);
        let answer = http.call(&Call::get("/api/queues?columns=name,messages").basic(&self.login)).await?;
        ensure!(answer.is_ok(), "the broker answered {} when asked for its queues", answer.status);
        let mut queues: Vec<Queue> = answer.read().map_err(anyhow::Error::msg)?;
        queues.retain(|queue| is_of_claims(&queue.name));
        Ok(queues)
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
