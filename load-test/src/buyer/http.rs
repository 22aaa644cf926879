//! HTTP: one kept-alive connection of one buyer, and what came back on it.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use sale::time::UnixMs;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::time::timeout;

use super::address;

/// A call that has no answer after this long is lost.
pub const ANSWER_WAIT: Duration = Duration::from_secs(15);
/// The longest answer that is read.
pub const BODY_MAX_BYTES: usize = 2 << 20;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Lost {
    /// The server was not there: nothing happened.
    #[error("no connection")]
    NotSent,
    /// Sent, or partly: it may have happened. Repeat the very same call.
    #[error("no answer")]
    Unknown,
}

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub body: Option<Value>,
    /// The whole header, scheme and all.
    pub authorization: Option<String>,
    pub idempotency_key: Option<String>,
}

impl Call {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), ..Self::default() }
    }
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: "POST", path: path.into(), body: Some(body), ..Self::default() }
    }
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: "DELETE", path: path.into(), ..Self::default() }
    }
    pub fn bearer(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bearer {token}"));
        self
    }
    /// `login` is `user:password`.
    pub fn basic(mut self, login: &str) -> Self {
        self.authorization = Some(format!("Basic {}", STANDARD.encode(login)));
        self
    }
    pub fn key(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// The problem's code, where the answer is a problem.
    pub code: Option<String>,
    pub retry_after: Option<Duration>,
    /// `Null` where the body is empty or not JSON.
    pub body: Value,
    /// The body where it is not JSON.
    pub text: String,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or("")
    }
    /// The body as `T`, or what is wrong with it.
    pub fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, String> {
        T::deserialize(&self.body).map_err(|error| format!("answer {} does not read: {error}", self.status))
    }
    /// An instant field of the body.
    pub fn instant(&self, field: &str) -> Option<UnixMs> {
        kit::instant::parse_rfc3339(self.body[field].as_str()?).ok()
    }
}

/// A connection that is opened when needed and kept.
///
/// Repeat: nothing is ever sent twice by itself; whoever hears [`Lost::Unknown`] repeats.
pub struct Http {
    source: Ipv4Addr,
    target: SocketAddrV4,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Http {
    pub fn new(source: Ipv4Addr, target: SocketAddrV4) -> Self {
        Self { source, target, open: None }
    }

    pub async fn call(&mut self, call: &Call) -> Result<Answer, Lost> {
        match timeout(ANSWER_WAIT, self.try_call(call)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(lost)) => {
                self.open = None;
                Err(lost)
            }
            Err(_) => {
                self.open = None;
                Err(Lost::Unknown)
            }
        }
    }

    async fn try_call(&mut self, call: &Call) -> Result<Answer, Lost> {
        let request = self.request(call)?;
        let mut sender = match self.open.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.connect().await?,
        };
        sender.ready().await.map_err(|_| Lost::NotSent)?;
        let response = sender.send_request(request).await.map_err(|_| Lost::Unknown)?;
        let answer = read(response).await?;
        self.open = Some(sender);
        Ok(answer)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Lost> {
        let stream = address::connect(self.source, self.target).await.map_err(|_| Lost::NotSent)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Lost::NotSent)?;
        // Ends by itself when the sender is dropped or the server goes.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, Lost> {
        let mut request =
            Request::builder().method(call.method).uri(&call.path).header(header::HOST, self.target.to_string());
        if let Some(authorization) = &call.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let body = match &call.body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(json.to_string())
            }
            None => Bytes::new(),
        };
        // A token that is no header value cannot be sent at all.
        request.body(Full::new(body)).map_err(|_| Lost::NotSent)
    }
}

async fn read(response: Response<Incoming>) -> Result<Answer, Lost> {
    let (head, body) = response.into_parts();
    let bytes = Limited::new(body, BODY_MAX_BYTES).collect().await.map_err(|_| Lost::Unknown)?.to_bytes();
    let read = serde_json::from_slice::<Value>(&bytes);
    let text = if read.is_ok() { String::new() } else { String::from_utf8_lossy(&bytes).into_owned() };
    let body = read.unwrap_or(Value::Null);
    let seconds = head.headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
    let status = head.status.as_u16();
    let code = body["code"].as_str().filter(|_| status >= 400).map(str::to_owned);
    Ok(Answer { status, code, retry_after: seconds.map(Duration::from_secs), body, text })
}
