//! Miaosha in one process: every role on embedded parts, one port, one folder.

// A command line speaks on its standard output.
#![allow(clippy::print_stdout)]

mod config;
mod house;
mod pages;
mod postbox;
mod staff;

use std::{process::ExitCode, time::Instant};

use anyhow::Context;
use clap::Parser;
use kit::{http, lifecycle::Lifecycle, process, telemetry};

use config::{Cli, Config};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let (started, cli) = (Instant::now(), Cli::parse());
    if cli.flags.manual {
        print!("{}", config::manual());
        return ExitCode::SUCCESS;
    }
    process::ended("miaosha", run(&cli, started).await)
}

async fn run(cli: &Cli, started: Instant) -> anyhow::Result<()> {
    let config = config::load(cli)?;
    telemetry::init(config.server.log_format, &config.server.log_filter)?;
    open(config, started).await
}

async fn open(config: Config, started: Instant) -> anyhow::Result<()> {
    // Before the folder is touched: a second copy must not get further than this.
    let listener = http::bind(config.server.listen)?;
    let at = listener.local_addr()?;
    let life = Lifecycle::new();
    telemetry::spawn_upkeep(&life);
    let (serve, stop_limit, with_demo) = (config.http, config.server.stop_limit, config.server.demo);
    let house = house::open(config, &life).await.context("cannot open the house")?;
    let staff = staff::ensure(&house).await?;
    if with_demo {
        general::demo::plan_once(&house.stores, &house.journal, staff.user_id)
            .await
            .context("cannot plan the demo sale")?;
    }
    life.set_ready(true);
    life.spawn("serve", http::serve(listener, house.served, serve, life.clone()));
    println!("Miaosha is open at http://{at} ({} ms after start)", started.elapsed().as_millis());
    println!("{staff}");
    life.wait_signal().await?;
    let cut = life.stop(stop_limit.get()).await;
    house.journal.close().await;
    process::well(&life, &cut)
}
