//! The door in docker-compose.yml: this stack's own, with the names that compose gives to nodes.

use std::path::Path;

use anyhow::{Context, Result};

use crate::nginx::{Plan, Upstreams, config};

/// Where the container keeps what nginx writes, and the pages.
const FOLDER: &str = "/tmp";
const PAGES: &str = "/srv/static";
/// Every node's port there.
const PORT: u16 = 5000;
/// Addresses that stand for a name until the text is made.
const STANDS_FOR: [(&str, &str); 6] = [
    ("127.255.0.11", "publisher-1"),
    ("127.255.0.12", "publisher-2"),
    ("127.255.0.21", "consumer-1"),
    ("127.255.0.22", "consumer-2"),
    ("127.255.0.31", "general-1"),
    ("127.255.0.32", "general-2"),
];

/// What `infra/compose/nginx.conf` holds.
pub fn nginx_conf() -> Result<String> {
    let mut plan = Plan::new("0.0.0.0:8080".parse()?);
    let role = |name: &str| {
        let nodes = STANDS_FOR.iter().filter(|(_, node)| node.starts_with(name));
        nodes.map(|(ip, _)| format!("{ip}:{PORT}").parse()).collect::<Result<Vec<_>, _>>()
    };
    plan.upstreams =
        Upstreams { publisher: role("publisher")?, consumer: role("consumer")?, general: role("general")? };
    let ours = plan.pages.canonicalize().context("no pages")?;
    let mut text = config(&plan, Path::new(FOLDER))?.replace(&*ours.to_string_lossy(), PAGES);
    for (ip, node) in STANDS_FOR {
        text = text.replace(ip, node);
    }
    // The container's user is nobody's master.
    let lines = text.lines().filter(|line| !line.starts_with("user "));
    Ok(lines.map(|line| format!("{}\n", line.trim_end())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_door_of_compose_is_the_door_of_the_stack() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/compose/nginx.conf");
        let said = nginx_conf().unwrap();
        if std::env::var_os("MIAOSHA_WRITE").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &said).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert!(written == said, "run this test with MIAOSHA_WRITE=1 and commit infra/compose/nginx.conf");
    }
}
