//! The function as a Lambda program: woken by general with the newest plan, by EventBridge with the last one or to look.

use kit::telemetry::{self, Format};
use lambda_capacity::{Config, aws, open};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use sale::port::capacity::Wake;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // One TLS for everything in here; somebody who was first has the same.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = Config::from_env()?;
    telemetry::init(Format::Json, &config.log_filter)?;
    let keeper = open(config, &aws().await);
    let keeper = &keeper;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Wake>| {
        keeper.serve(event.payload).await.map_err(Error::from)
    }))
    .await
}
