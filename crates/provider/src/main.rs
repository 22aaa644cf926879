//! The sandbox payment provider as a server of its own, so that several nodes can pay at one desk.

mod config;
mod desk;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use embedded::{SandboxConfig, SandboxPayments};
use kit::{
    clock::SystemClock,
    lifecycle::Lifecycle,
    process::{House, Program},
};

use config::Config;

const PROGRAM: Program = Program {
    name: "sandbox-provider",
    about: "A payment provider that moves no money: what it answers follows from the card's token.",
    version: env!("CARGO_PKG_VERSION"),
    manual: &[config::MANUAL],
    elsewhere: &[],
};

fn main() -> ExitCode {
    PROGRAM.main(open)
}

async fn open(config: Config, life: Lifecycle) -> anyhow::Result<House> {
    let config = config.provider;
    config.check()?;
    let sandbox =
        SandboxConfig { record: config.record, silence: config.silence.get(), webhook_late: config.webhook_late.get() };
    let payments = SandboxPayments::open(sandbox, Arc::new(SystemClock)).context("cannot open the record")?;
    let routes = desk::routes(Arc::new(payments), &config.key, config.poll_wait.get(), &life);
    Ok(House { served: routes.into(), checks: vec![], close: Box::pin(async {}) })
}
