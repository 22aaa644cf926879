//! The postman as a Lambda function: woken by SQS with a batch, it answers which records must come again.

use anyhow::Result;
use kit::telemetry::{self, Format};
use lambda_email::{Config, Event, aws, open, serve};
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    // One TLS for everything in here; somebody who was first has the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = Config::from_env()?;
    telemetry::init(Format::Json, &config.log_filter)?;
    let postman = open(&config, &aws().await)?;
    let postman = &postman;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
        Ok::<_, Error>(serve(event.payload, postman).await)
    }))
    .await
}
