//! Telemetry: what the process says about itself: log lines to stderr, numbers to whoever asks.

use std::{
    io::{IsTerminal, stderr},
    sync::OnceLock,
    time::Duration,
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use sale::port::clock::Clock;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{MakeWriter, format::Writer, time::FormatTime},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{clock::SystemClock, instant, lifecycle::Lifecycle};

pub mod names;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
mod process;

pub use names::{Room, begin};
pub use process::files_max;

/// How often histograms are folded when nobody scrapes them, so that they stay small.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Upper ends in seconds, dense where the promises are: 50 ms, 1 s, 10 s.
const SECONDS_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Upper ends for things counted in one batch.
const COUNT_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Short lines for a terminal.
    #[default]
    Human,
    /// One object a line for a collector.
    Json,
}

#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("the log filter `{0}` cannot be read: write it as in `info,sqlx=warn`")]
    Filter(String),
    #[error("logging was already set up")]
    Twice,
    #[error("telemetry.otlp_url: spans cannot be sent there: {0}")]
    Spans(String),
}

/// The section `[telemetry]`: where spans go.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpansConfig {
    /// As in `http://collector:4318/v1/traces`; empty: nowhere.
    pub otlp_url: String,
    /// Of requests without a trace of their caller's, this share is recorded.
    pub share: f64,
}

/// Sends log lines to stderr. `filter` as in `info,sqlx=warn`.
pub fn init(format: Format, filter: &str) -> Result<(), TelemetryError> {
    tracing_subscriber::registry().with(lines(stderr, format, filter)?).try_init().map_err(|_| TelemetryError::Twice)
}

/// As [`init`], and sends spans of the program of this name to a collector. Inside the runtime.
pub fn init_with_spans(
    name: &'static str,
    format: Format,
    filter: &str,
    spans: &SpansConfig,
) -> Result<(), TelemetryError> {
    if spans.otlp_url.is_empty() {
        return init(format, filter);
    }
    #[cfg(feature = "otlp")]
    {
        let layer = otlp::layer(name, &spans.otlp_url, spans.share).map_err(TelemetryError::Spans)?;
        let registry = tracing_subscriber::registry().with(lines(stderr, format, filter)?).with(layer);
        registry.try_init().map_err(|_| TelemetryError::Twice)
    }
    #[cfg(not(feature = "otlp"))]
    Err(TelemetryError::Spans(format!("{name} was built without OTLP")))
}

/// Sends the spans that are left. Blocks up to two seconds, so not on a thread of the runtime.
pub fn flush_spans() {
    #[cfg(feature = "otlp")]
    otlp::flush();
}

pub(crate) fn lines<W>(
    out: W,
    format: Format,
    filter: &str,
) -> Result<Box<dyn Layer<Registry> + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let directives = EnvFilter::try_new(filter).map_err(|_| TelemetryError::Filter(filter.to_owned()))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(out);
    Ok(match format {
        Format::Human => lines
            .with_ansi(stderr().is_terminal())
            .with_timer(TimeOfDay)
            .with_target(false)
            .compact()
            .with_filter(directives)
            .boxed(),
        Format::Json => lines
            .json()
            .flatten_event(true)
            // The request's span carries its id and its trace's; spans below it would only repeat them.
            .with_current_span(true)
            .with_span_list(false)
            .with_filter(directives)
            .boxed(),
    })
}

/// `08:00:00.123`, UTC: the day is known to whoever watches a terminal.
struct TimeOfDay;

impl FormatTime for TimeOfDay {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        let now = instant::to_rfc3339(SystemClock.now());
        w.write_str(now.get(11..23).unwrap_or(&now))
    }
}

/// The numbers of this process. The first call installs the recorder behind `metrics::counter!` and its kin.
pub fn metrics_handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        // Refused only for an empty list.
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS_BUCKETS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_commands".into()), &COUNT_BUCKETS))
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_rows".into()), &COUNT_BUCKETS))
            .unwrap_or_default();
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder was there first: /metrics stays empty");
        }
        names::describe();
        handle
    })
}

/// The numbers as text for a scraper.
pub fn render_metrics() -> String {
    metrics_handle().render()
}

/// Installs the recorder, keeps its memory small, scraped or not, and tells what the process itself takes.
pub fn spawn_upkeep(life: &Lifecycle) {
    let (handle, watch) = (metrics_handle(), life.clone());
    begin(Room::Kit);
    life.spawn("process numbers", process::watch(life.clone()));
    life.spawn("metrics upkeep", async move {
        while watch.sleep(UPKEEP_EVERY).await {
            handle.run_upkeep();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_can_be_read() {
        metrics_handle();
        metrics::counter!("apples_total", "colour" => "red").increment(3);
        metrics::histogram!("bite_seconds").record(0.02);
        let text = render_metrics();
        assert!(text.contains("apples_total{colour=\"red\"} 3"), "{text}");
        assert!(text.contains("bite_seconds_bucket{le=\"0.025\"} 1"), "{text}");
    }

    #[test]
    fn a_filter_nobody_can_read_is_refused() {
        assert!(matches!(init(Format::Human, "a=b=c"), Err(TelemetryError::Filter(_))));
    }
}
