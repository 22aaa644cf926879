//! Health: whether we live, whether we are ready, and our numbers.

use std::{
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use super::Json;
use crate::{lifecycle::Lifecycle, telemetry};

/// A check that does not answer in time has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// One thing we cannot be ready without, or would rather not. The error's text is shown to whoever asks: no secrets.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    ask: Arc<dyn Fn() -> Answer + Send + Sync>,
    needed: bool,
}

/// The checks of a process; more may come while it starts. Clones are the same ones.
#[derive(Clone, Default)]
pub struct Checks(Arc<RwLock<Vec<Check>>>);

impl Checks {
    pub fn extend(&self, more: Vec<Check>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(more);
    }

    fn all(&self) -> Vec<Check> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl From<Vec<Check>> for Checks {
    fn from(checks: Vec<Check>) -> Self {
        Self(Arc::new(RwLock::new(checks)))
    }
}

impl Check {
    pub fn new<F, A>(name: &'static str, ask: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, ask: Arc::new(move || Box::pin(ask())), needed: true }
    }

    /// One for each part that can be asked; of those that are not needed it is only told whether they are there.
    pub fn of<F, A>(parts: impl IntoIterator<Item = (&'static str, F)>, needed: &[&str]) -> Vec<Self>
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check = |(name, ask)| {
            let check = Self::new(name, ask);
            if needed.contains(&name) { check } else { check.told_only() }
        };
        parts.into_iter().map(check).collect()
    }

    /// Told, and no reason to turn visitors away: we go on without it, as the laws say.
    pub fn told_only(self) -> Self {
        Self { needed: false, ..self }
    }
}

/// `/livez`, `/readyz` and `/metrics`.
pub fn routes(life: Lifecycle, checks: impl Into<Checks>) -> Router {
    probes(life, checks).merge(metrics())
}

/// `/livez`: the process answers. `/readyz`: 200 while visitors are welcome and every needed check passes, else 503 with the
/// reasons.
pub fn probes(life: Lifecycle, checks: impl Into<Checks>) -> Router {
    let checks = checks.into();
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(move || readiness(life.clone(), checks.clone())))
}

/// `/metrics`, in the text form of Prometheus. In production on an internal port only.
pub fn metrics() -> Router {
    telemetry::metrics_handle();
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Router::new().route("/metrics", get(move || async move { (kind, telemetry::render_metrics()) }))
}

async fn readiness(life: Lifecycle, checks: Checks) -> Response {
    let checks = checks.all();
    let asked = futures_util::future::join_all(checks.iter().map(ask)).await;
    let ready = life.is_ready() && asked.iter().all(|(check, answer)| answer.is_ok() || !check.needed);
    let told: Map<String, Value> = asked
        .into_iter()
        .map(|(check, answer)| (check.name.to_owned(), Value::from(answer.err().unwrap_or_else(|| "ok".to_owned()))))
        .collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": ready, "stopping": life.is_stopping(), "checks": told}))).into_response()
}

async fn ask(check: &Check) -> (&Check, Result<(), String>) {
    let answer = tokio::time::timeout(CHECK_TIMEOUT, (check.ask)()).await;
    (check, answer.unwrap_or_else(|_| Err("no answer in time".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    async fn ready(life: &Lifecycle, checks: Vec<Check>) -> (u16, Value) {
        let request = Request::get("/readyz").body(Body::empty()).unwrap();
        let response = routes(life.clone(), checks).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn we_are_ready_when_told_so_and_every_check_passes() {
        let life = Lifecycle::new();
        let good = Check::new("journal", || async { Ok(()) });
        let mute = Check::new("bus", std::future::pending);
        assert_eq!(ready(&life, vec![good.clone()]).await.0, 503);
        life.set_ready(true);
        assert_eq!(ready(&life, vec![good.clone()]).await.0, 200);
        let (status, body) = ready(&life, vec![good.clone(), mute.clone()]).await;
        assert_eq!((status, &body["checks"]["bus"]), (503, &json!("no answer in time")));
        let (status, body) = ready(&life, vec![good.clone(), mute.told_only()]).await;
        assert_eq!((status, &body["checks"]["bus"]), (200, &json!("no answer in time")));
        life.stop_softly();
        assert_eq!(ready(&life, vec![good]).await.0, 503);
    }
}
