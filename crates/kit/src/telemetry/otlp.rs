//! OTLP: spans on their way to a collector, where one is named: over HTTP as protobuf, in batches.
//!
//! A collector that is away or slow costs spans and nothing else: at most 2048 wait, the rest is dropped.

use std::{sync::OnceLock, time::Duration};

use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::{
    propagation::{Extractor, TextMapPropagator},
    trace::TracerProvider,
};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, registry::LookupSpan};

/// For one batch.
const SEND_WAIT: Duration = Duration::from_secs(5);
/// For the spans that are left when the process ends.
const FLUSH_WAIT: Duration = Duration::from_secs(2);
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// The process's one way to its collector.
static EXPORT: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that sends what `share` of all requests do, or all of a trace whose caller wants it. Inside the runtime.
pub(super) fn layer<S>(name: &'static str, url: &str, share: f64) -> Result<impl Layer<S> + use<S>, String>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let courier = Courier { client: Client::builder(TokioExecutor::new()).build_http(), runtime: Handle::current() };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(courier)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .with_timeout(SEND_WAIT)
        .build()
        .map_err(|error| error.to_string())?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
        .with_resource(Resource::builder().with_service_name(name).build())
        .build();
    let tracer = EXPORT.get_or_init(|| provider).tracer(name);
    Ok(tracing_opentelemetry::layer().with_tracer(tracer).with_filter(LevelFilter::INFO))
}

/// Sends what is left. Blocks, so not on a thread of the runtime.
pub(super) fn flush() {
    if let Some(provider) = EXPORT.get()
        && let Err(error) = provider.shutdown_with_timeout(FLUSH_WAIT)
    {
        tracing::warn!(%error, "not every span reached the collector");
    }
}

/// Makes the span a child of the caller's, if there is one.
pub(crate) fn follow(span: &Span, headers: &HeaderMap) {
    if EXPORT.get().is_some() {
        // A span that nobody records has no parent.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(headers)));
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

/// Batches come from a thread outside the runtime and travel inside it.
#[derive(Debug)]
struct Courier {
    client: Client<HttpConnector, Full<Bytes>>,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.client.request(request.map(Full::from));
        let travel = async move {
            let (parts, body) = answer.await?.into_parts();
            let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await?.to_bytes();
            Ok::<_, HttpError>(Response::from_parts(parts, body))
        };
        self.runtime.spawn(tokio::time::timeout(SEND_WAIT, travel)).await??
    }
}
