//! OTLP: spans on their way to a collector, where one is named: over HTTP as protobuf, in batches.
//!
//! A collector that is away or slow costs spans and nothing else: at most 2048 wait, the rest is dropped.

use std::{sync::OnceLock, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::{TraceContextExt, TracerProvider},
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

use crate::trace::{TRACEPARENT, Trace};

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

/// Makes the span a child of the first caller and links it to the others; returns its own place, where spans are sent anywhere.
pub(crate) fn follow(span: &Span, callers: &[Trace]) -> Option<Trace> {
    EXPORT.get()?;
    if let Some((parent, others)) = callers.split_first() {
        // A span that nobody records has no parent.
        let _ = span.set_parent(place(parent));
        others.iter().for_each(|other| span.add_link(place(other).span().span_context().clone()));
    }
    let here = span.context();
    let here = here.span().span_context().clone();
    Trace::read(&format!("00-{}-{}-{:02x}", here.trace_id(), here.span_id(), here.trace_flags()))
}

fn place(trace: &Trace) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Told(trace.to_string()))
}

/// A `traceparent`, as the propagator reads it.
struct Told(String);

impl Extractor for Told {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
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

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

    #[tokio::test]
    async fn a_span_has_a_place_of_its_own_in_its_callers_trace() {
        let layer = layer("a test", "http://127.0.0.1:1/v1/traces", 1.0).unwrap();
        let _ear = tracing_subscriber::registry().with(layer).set_default();
        let caller = Trace::read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        let put = follow(&tracing::info_span!("put"), &[caller]).unwrap();
        // What is heard on the other side of the queue is the put's own place.
        let decide = follow(&tracing::info_span!("decide"), &[put, caller]).unwrap();
        assert_eq!([put.id(), decide.id()], [caller.id(), caller.id()]);
        assert!(put != caller && decide != put);
        assert_ne!(follow(&tracing::info_span!("alone"), &[]).unwrap().id(), caller.id());
    }
}
