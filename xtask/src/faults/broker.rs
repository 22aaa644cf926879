//! RabbitMQ's management door: messages taken out and put in as no program of ours would.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

const ANSWER_WITHIN: Duration = Duration::from_secs(20);

pub struct Broker {
    /// `host:port`.
    at: String,
    /// `user:password`, in base64.
    login: String,
}

impl Broker {
    /// From `http://user:password@host:port`.
    pub fn of(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").context("the management door has no http address")?;
        let (login, at) = rest.split_once('@').context("the management door has no login")?;
        Ok(Self { at: at.trim_end_matches('/').to_owned(), login: base64(login.as_bytes()) })
    }

    /// The bodies of the messages that lie in a queue, at most `most`, in base64; they stay there.
    pub fn look(&self, queue: &str, most: u32) -> Result<Vec<String>> {
        let body = json!({"count": most, "ackmode": "ack_requeue_true", "encoding": "base64"});
        let told = self.post(&format!("/api/queues/%2f/{queue}/get"), &body)?;
        let bodies = told.as_array().context("no list of messages")?.iter();
        Ok(bodies.filter_map(|message| message["payload"].as_str().map(str::to_owned)).collect())
    }

    /// Puts a message into a queue, its body given in base64.
    pub fn put(&self, queue: &str, body: &str) -> Result<()> {
        let properties = json!({"delivery_mode": 2});
        let message =
            json!({"properties": properties, "routing_key": queue, "payload": body, "payload_encoding": "base64"});
        let told = self.post("/api/exchanges/%2f/amq.default/publish", &message)?;
        ensure!(told["routed"] == json!(true), "a message for {queue} found no queue");
        Ok(())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.at,
            self.login,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.at).with_context(|| format!("no management door at {}", self.at))?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = vec![];
        stream.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").context("an answer without a head")?;
        if !head.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
            bail!("POST {path} was answered {}", head.lines().next().unwrap_or_default());
        }
        serde_json::from_str(&unchunked(head, body)).with_context(|| format!("POST {path}: the answer does not read"))
    }
}

/// The body without the lengths of its chunks, where it came in chunks.
fn unchunked(head: &str, body: &str) -> String {
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let (mut rest, mut whole) = (body, String::new());
    while let Some((length, after)) = rest.split_once("\r\n") {
        let Some(chunk) = usize::from_str_radix(length.trim(), 16).ok().filter(|n| *n > 0).and_then(|n| after.get(..n))
        else {
            break;
        };
        whole.push_str(chunk);
        rest = after.get(chunk.len() + 2..).unwrap_or_default();
    }
    whole
}

pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().chain([0; 2].iter()).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            text.push(if n > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_everybody_writes_it() {
        let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("guest:guest", "Z3Vlc3Q6Z3Vlc3Q=")];
        pairs.into_iter().for_each(|(plain, text)| assert_eq!(base64(plain.as_bytes()), text));
    }

    #[test]
    fn an_answer_in_chunks_is_one_text() {
        assert_eq!(unchunked("Transfer-Encoding: chunked", "3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"), "[1,2]");
        assert_eq!(unchunked("Content-Length: 2", "[]"), "[]");
    }
}
