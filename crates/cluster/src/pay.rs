//! A payment provider over HTTP, or HTTPS: one call, one request, one bound; whatever is not plainly an answer is `Unknown`.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use sale::{
    money::Money,
    port::payments::{Payment, PaymentError, PaymentKey, PaymentState, Payments},
    time::UnixMs,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use thiserror::Error;

/// A page of the provider's list is the longest answer.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;
/// Idle connections are given up before a server would close them under a request.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// After a webhook call that failed, this long until the next.
const HINT_PAUSE: Duration = Duration::from_secs(1);

/// The section `[cluster.pay]`. No `Debug`: the key is a secret.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PayConfig {
    /// `https://host[:port]` of the provider, or `http://` where nobody is between us and it.
    pub url: String,
    /// Who alone may vouch for an `https` provider, in PEM; empty: the machine's own list.
    pub ca_file: PathBuf,
    /// What we prove to the provider who we are with.
    pub key: String,
    #[serde(with = "humantime_serde")]
    pub connect_wait: Duration,
    /// From the request to the last byte of the answer. The caller's own bounds are shorter; this one ends what hangs.
    #[serde(with = "humantime_serde")]
    pub call_wait: Duration,
}

impl Default for PayConfig {
    fn default() -> Self {
        let (connect_wait, call_wait) = (Duration::from_secs(2), Duration::from_secs(30));
        Self { url: String::new(), ca_file: PathBuf::new(), key: String::new(), connect_wait, call_wait }
    }
}

#[derive(Debug, Error)]
pub enum PayConfigError {
    #[error("cluster.pay.url: must be https:// or http:// and host:port of the payment provider")]
    Url,
    #[error("cluster.pay.ca_file: {0}")]
    Authority(String),
    #[error("cluster.pay.key: must be the key that the payment provider gave us")]
    Key,
}

/// A provider that is asked over HTTP.
pub struct HttpPayments {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    proof: HeaderValue,
    call_wait: Duration,
}

/// Why the provider did not do it, as it says so itself.
// A bare 404 is no such word: a wrong address must not mean that a payment does not exist.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Refusal {
    NotFound,
    WrongState(PaymentState),
}

#[derive(Deserialize)]
struct Refused {
    refused: Refusal,
}

impl From<Refusal> for PaymentError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::WrongState(state) => Self::WrongState(state),
        }
    }
}

impl HttpPayments {
    /// Connects when first asked. Errors: settings that can never work.
    pub fn open(config: PayConfig) -> Result<Self, PayConfigError> {
        let uri: Uri = config.url.parse().map_err(|_| PayConfigError::Url)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.authority().is_none() {
            return Err(PayConfigError::Url);
        }
        let mut proof = HeaderValue::try_from(format!("Bearer {}", config.key)).map_err(|_| PayConfigError::Key)?;
        if config.key.is_empty() {
            return Err(PayConfigError::Key);
        }
        proof.set_sensitive(true);
        let mut wire = HttpConnector::new();
        wire.set_connect_timeout(Some(config.connect_wait));
        wire.set_nodelay(true);
        // Else it would refuse an address that is not plain http.
        wire.enforce_http(false);
        let tls = tls(&config, &uri)?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_timer(TokioTimer::new())
            .build(connector.wrap_connector(wire));
        let base = format!("{}/v1", config.url.trim_end_matches('/'));
        Ok(Self { client, base, proof, call_wait: config.call_wait })
    }

    /// Does this to a payment.
    async fn act(&self, key: PaymentKey, act: &'static str, body: serde_json::Value) -> Result<Payment, PaymentError> {
        let path = format!("/payments/{}/{}/{act}", key.claim_id, key.attempt);
        self.ask(act, Method::POST, &path, Some(body)).await?.ok_or(PaymentError::Unknown)
    }

    /// One question, counted and timed. `None`: there is nothing to tell.
    async fn ask<T: DeserializeOwned>(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<Option<T>, PaymentError> {
        let begun = Instant::now();
        let answered = match tokio::time::timeout(self.call_wait, self.exchange(method, path, body)).await {
            Ok(exchanged) => exchanged.and_then(|(status, body)| read(status, &body)),
            Err(_) => Err(format!("no answer within {:?}", self.call_wait)),
        };
        let outcome = match &answered {
            Ok(Ok(_)) => "answered",
            Ok(Err(_)) => "refused",
            Err(_) => "unknown",
        };
        metrics::counter!("provider_calls_total", "call" => call, "outcome" => outcome).increment(1);
        metrics::histogram!("provider_call_seconds", "call" => call).record(begun.elapsed().as_secs_f64());
        answered.unwrap_or_else(|why| {
            tracing::warn!(call, why, "the payment provider gives no answer");
            Err(PaymentError::Unknown)
        })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<(StatusCode, Bytes), String> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, &self.proof)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(text)?;
        let response = self.client.request(request).await.map_err(chain)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await.map_err(text)?;
        Ok((status, body.to_bytes()))
    }
}

/// Whom we believe who they are.
fn tls(config: &PayConfig, uri: &Uri) -> Result<ClientConfig, PayConfigError> {
    let refused = |why: String| PayConfigError::Authority(why);
    let (is_tls, ours) = (uri.scheme_str() == Some("https"), !config.ca_file.as_os_str().is_empty());
    let builder = ClientConfig::builder();
    let builder = match (is_tls, ours) {
        (true, true) => builder.with_root_certificates(authority(&config.ca_file).map_err(refused)?),
        (true, false) => {
            builder.with_native_roots().map_err(|error| refused(format!("the machine's list: {error}")))?
        }
        (false, true) => return Err(refused("is of no use to an address that is not https://".into())),
        (false, false) => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// Those whose certificates are in this file.
fn authority(file: &Path) -> Result<RootCertStore, String> {
    let in_file = |error: &dyn Display| format!("{}: {error}", file.display());
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| in_file(&error))? {
        trusted.add(certificate.map_err(|error| in_file(&error))?).map_err(|error| in_file(&error))?;
    }
    if trusted.is_empty() { Err(in_file(&"holds no certificate")) } else { Ok(trusted) }
}

/// What an answer says; an error where it is no answer at all.
fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<Result<Option<T>, PaymentError>, String> {
    if status == StatusCode::NO_CONTENT {
        return Ok(Ok(None));
    }
    if status == StatusCode::OK {
        return serde_json::from_slice(body).map(|told| Ok(Some(told))).map_err(text);
    }
    match serde_json::from_slice::<Refused>(body) {
        Ok(Refused { refused }) if status.is_client_error() => Ok(Err(refused.into())),
        _ => Err(format!("status {status}")),
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// The client's own error only says that it failed; why stands below it.
fn chain(error: hyper_util::client::legacy::Error) -> String {
    let source = std::error::Error::source(&error).map(ToString::to_string);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[async_trait]
impl Payments for HttpPayments {
    async fn authorise(&self, key: PaymentKey, amount: Money, token: &str) -> Result<Payment, PaymentError> {
        self.act(key, "authorise", json!({ "amount": amount, "token": token })).await
    }

    async fn capture(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.act(key, "capture", json!({})).await
    }

    async fn cancel(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.act(key, "cancel", json!({})).await
    }

    async fn refund(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        self.act(key, "refund", json!({})).await
    }

    async fn find(&self, key: PaymentKey) -> Result<Payment, PaymentError> {
        let path = format!("/payments/{}/{}", key.claim_id, key.attempt);
        self.ask("find", Method::GET, &path, None).await?.ok_or(PaymentError::Unknown)
    }

    async fn changed_since(&self, since: UnixMs, max: usize) -> Result<Vec<Payment>, PaymentError> {
        let path = format!("/payments?since={}&max={max}", since.0);
        self.ask("list", Method::GET, &path, None).await?.ok_or(PaymentError::Unknown)
    }

    /// A long poll: of several nodes that wait, each hint reaches one.
    async fn webhook(&self) -> Payment {
        loop {
            match self.ask("webhook", Method::GET, "/webhooks/next", None).await {
                Ok(Some(payment)) => return payment,
                Ok(None) => {}
                Err(_) => tokio::time::sleep(HINT_PAUSE).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(status: u16, body: &str) -> Result<Result<Option<PaymentState>, PaymentError>, String> {
        read(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn only_the_providers_own_words_are_a_no() {
        assert_eq!(state(200, r#""captured""#), Ok(Ok(Some(PaymentState::Captured))));
        assert_eq!(state(404, r#"{"refused":"not_found"}"#), Ok(Err(PaymentError::NotFound)));
        let voided = state(409, r#"{"refused":{"wrong_state":"voided"}}"#);
        assert_eq!(voided, Ok(Err(PaymentError::WrongState(PaymentState::Voided))));
        for (status, body) in [(404, ""), (404, "<html>"), (401, "{}"), (500, r#"{"refused":"not_found"}"#), (200, "")]
        {
            assert!(state(status, body).is_err(), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn an_address_or_key_that_cannot_work_is_refused_at_the_start() {
        let open = |url: &str, key: &str| {
            HttpPayments::open(PayConfig { url: url.into(), key: key.into(), ..PayConfig::default() }).err()
        };
        for url in ["", "provider:80", "https://", "ftp://provider"] {
            assert!(matches!(open(url, "k"), Some(PayConfigError::Url)), "{url}");
        }
        for key in ["", "two\nlines"] {
            assert!(matches!(open("http://provider", key), Some(PayConfigError::Key)), "{key}");
        }
    }
}
