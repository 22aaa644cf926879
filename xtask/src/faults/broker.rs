//! RabbitMQ's management door: messages overheard, looked at and put in as no program of ours would.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

const ANSWERS_WITHIN_S: &str = "20";
/// Where the broker publishes a copy of everything, once it is told to.
const TRACE: &str = "amq.rabbitmq.trace";
/// Our ear at that exchange.
const TAP: &str = "test.tap";
/// Marks what we put, so that we do not overhear ourselves.
const OURS: &str = "put-by-a-fault";

pub struct Broker {
    /// `http://user:password@host:port`.
    url: String,
}

/// A message as somebody put it.
#[derive(Clone)]
pub struct Overheard {
    queue: String,
    properties: Value,
    /// In base64.
    body: String,
}

impl Broker {
    pub fn of(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned() }
    }

    /// How many messages lie in a queue, counted by looking, at most `most`: what the broker tells of itself is seconds old.
    pub fn count(&self, queue: &str, most: u32) -> Result<usize> {
        Ok(self.get(queue, most, "ack_requeue_true")?.len())
    }

    /// From now on the broker's copies are kept for [`overheard`](Self::overheard); it must also be told to make them.
    pub fn tap(&self) -> Result<()> {
        let queue = json!({"durable": false, "auto_delete": false, "arguments": {"x-max-length": 100_000}});
        self.call("PUT", &format!("/api/queues/%2f/{TAP}"), queue)?;
        let binding = json!({"routing_key": "publish.#"});
        self.call("POST", &format!("/api/bindings/%2f/e/{TRACE}/q/{TAP}"), binding).map(drop)
    }

    pub fn untap(&self) -> Result<()> {
        self.call("DELETE", &format!("/api/queues/%2f/{TAP}"), Value::Null).map(drop)
    }

    /// What our programs put into their queues since the last time.
    pub fn overheard(&self, most: u32) -> Result<Vec<Overheard>> {
        Ok(self.get(TAP, most, "ack_requeue_false")?.iter().filter_map(Overheard::read).collect())
    }

    /// Puts messages that were put before once more.
    pub fn again(&self, messages: &[Overheard]) -> Result<()> {
        self.publish(messages.iter().map(|message| {
            let mut properties = message.properties.clone();
            properties["headers"][OURS] = json!(true);
            (message.queue.as_str(), message.body.as_str(), properties)
        }))
    }

    /// Puts messages into a queue, their bodies given in base64.
    pub fn put(&self, queue: &str, bodies: &[String]) -> Result<()> {
        let properties = json!({"delivery_mode": 2, "headers": {OURS: true}});
        self.publish(bodies.iter().map(|body| (queue, body.as_str(), properties.clone())))
    }

    fn publish<'a>(&self, messages: impl Iterator<Item = (&'a str, &'a str, Value)>) -> Result<()> {
        let bodies: Vec<Value> = messages
            .map(|(queue, body, properties)| {
                json!({"properties": properties, "routing_key": queue, "payload": body, "payload_encoding": "base64"})
            })
            .collect();
        let told = self.calls("POST", "/api/exchanges/%2f/amq.default/publish", &bodies)?;
        let routed = told.iter().filter(|told| told["routed"] == json!(true)).count();
        ensure!(routed == bodies.len(), "{routed} of {} messages found a queue", bodies.len());
        Ok(())
    }

    fn get(&self, queue: &str, most: u32, ack: &str) -> Result<Vec<Value>> {
        let body = json!({"count": most, "ackmode": ack, "encoding": "base64"});
        match self.call("POST", &format!("/api/queues/%2f/{queue}/get"), body)? {
            Value::Array(messages) => Ok(messages),
            other => bail!("no list of messages in {queue}: {other}"),
        }
    }

    fn call(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        Ok(self.calls(method, path, &[body])?.pop().unwrap_or_default())
    }

    /// The same call with each of these bodies, all by one curl over one connection: hundreds go out in a second.
    fn calls(&self, method: &str, path: &str, bodies: &[Value]) -> Result<Vec<Value>> {
        let url = format!("{}{path}", self.url);
        let calls: Vec<String> = bodies
            .iter()
            .map(|body| {
                // A JSON string is also one of curl's.
                let data = json!(body.to_string());
                format!(
                    "url={url}\nrequest={method}\nheader=\"content-type: application/json\"\ndata-raw={data}\nfail\n"
                )
            })
            .collect();
        if calls.is_empty() {
            return Ok(vec![]);
        }
        let mut curl = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", ANSWERS_WITHIN_S, "--config", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start curl")?;
        // Taken, so that its input ends.
        let mut input = curl.stdin.take().context("curl has no input")?;
        input.write_all(calls.join("next\n").as_bytes())?;
        drop(input);
        let answer = curl.wait_with_output()?;
        ensure!(answer.status.success(), "the management door did not do {method} {path}");
        let told = serde_json::Deserializer::from_slice(&answer.stdout).into_iter();
        told.collect::<Result<_, _>>().with_context(|| format!("{method} {path}: the answer does not read"))
    }
}

impl Overheard {
    /// From the broker's copy; `None` for what we put ourselves, and for what did not go straight to a queue.
    fn read(copy: &Value) -> Option<Self> {
        let told = &copy["properties"]["headers"];
        let properties = told["properties"].clone();
        let ours = properties["headers"].get(OURS).is_some();
        let straight = told["exchange_name"] == json!("");
        if ours || !straight {
            return None;
        }
        let queue = told["routing_keys"][0].as_str()?.to_owned();
        Some(Self { queue, properties, body: copy["payload"].as_str()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(exchange: &str, headers: Value) -> Value {
        json!({
            "payload": "Zm8=",
            "properties": {"headers": {
                "exchange_name": exchange,
                "routing_keys": ["claims.3"],
                "properties": {"delivery_mode": 2, "headers": headers},
            }},
        })
    }

    #[test]
    fn what_others_put_straight_into_a_queue_is_overheard_and_our_own_is_not() {
        let heard = Overheard::read(&copy("", json!({}))).unwrap();
        assert_eq!((heard.queue.as_str(), heard.body.as_str()), ("claims.3", "Zm8="));
        assert!(Overheard::read(&copy("", json!({OURS: true}))).is_none());
        assert!(Overheard::read(&copy("amq.topic", json!({}))).is_none());
    }
}
