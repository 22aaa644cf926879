//! Config: the manual of the one process, put together from its own part and those of the roles.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use general::{STAFF_EMAIL, STAFF_PASSWORD};
use kit::{
    config::{ConfigError, Dur, Overrides, Size},
    http::ServeConfig,
    process::{ENV_PREFIX, Flags},
    telemetry::Format,
};
use serde::Deserialize;

/// A whole flash sale in one process: pages, API and socket on one port, everything kept in one folder.
#[derive(Parser)]
#[command(name = "miaosha", version)]
pub struct Cli {
    /// Where to listen, as in 127.0.0.1:5000.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where everything is kept.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// No demo catalogue and sale.
    #[arg(long)]
    no_demo: bool,
    #[command(flatten)]
    pub flags: Flags,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub embedded: EmbeddedConfig,
    pub http: ServeConfig,
    pub publisher: publisher::Config,
    pub consumer: consumer::Config,
    pub general: general::Config,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    pub demo: bool,
    pub mail_from: String,
    pub log_format: Format,
    pub log_filter: String,
    pub stop_limit: Dur,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedConfig {
    pub journal_cache: Size,
    pub partitions: u32,
    pub commands_max: u64,
    pub bus_ring: usize,
    pub buckets_max: usize,
    pub knocks_max: usize,
}

/// Every setting with its default and meaning.
pub fn manual() -> String {
    [include_str!("../defaults.toml"), publisher::MANUAL, consumer::MANUAL, general::MANUAL].join("\n")
}

/// Reads the settings for this call of the program.
pub fn load(cli: &Cli) -> Result<Config, ConfigError> {
    let overrides = Overrides::new()
        .elsewhere(&[STAFF_EMAIL, STAFF_PASSWORD])
        .set_if("server.listen", cli.listen)
        .set_if("server.data_dir", cli.data_dir.as_ref().map(|d| d.display()))
        .set_if("server.demo", cli.no_demo.then_some(false));
    let overrides = cli.flags.over(overrides);
    let config: Config = kit::config::load(&manual(), cli.flags.config.as_deref(), ENV_PREFIX, overrides)?;
    config.http.check()?;
    config.publisher.check()?;
    config.consumer.check()?;
    config.general.check()?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_whole() {
        let config = load(&Cli::parse_from(["miaosha"])).unwrap();
        assert_eq!(config.server.listen.port(), 5000);
    }

    #[test]
    fn a_setting_nobody_reads_is_an_error_that_names_it() {
        let error = load(&Cli::parse_from(["miaosha", "--set", "general.passwords.paralel=3"])).unwrap_err();
        assert!(error.to_string().contains("general.passwords.paralel"), "{error}");
    }
}
