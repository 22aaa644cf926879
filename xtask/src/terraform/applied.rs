//! The environment `staging` from an empty account to a sale, on the stand-in for AWS: applied, bought from, planned again, destroyed.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use stack::{
    Stack, apps,
    aws::account::{self, Account, Beginning, Seen},
    progress::until,
};

use super::{FOLDER, KEPT, Terraform, forgotten};
use crate::{
    run::{command, root, run, said},
    servers,
};

const ENVIRONMENT: &str = "staging";
/// Stands before the name of everything in it.
const NAME: &str = "miaosha-staging";
/// Servers of its own: others may run beside it.
const SERVERS: &str = "infra";
const REGION: &str = "eu-central-1";
const ARTIFACTS: &str = "miaosha-artifacts";
const DOMAIN: &str = "shop.example";
/// Everything in it; fewer would mean that something was left out.
const RESOURCES_MIN: usize = 350;
/// Most of the time is spent in waiting, so many may wait at once.
const AT_ONCE: &str = "-parallelism=30";
/// How long mail, fleet and queues may take after the purchase.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);
/// What differs on this machine: its state lies here, and there is no replica, for which the provider waits three minutes. It is
/// planned like everything else by `terraform test`.
const HERE: &str = r#"terraform {
  backend "local" {}
}
module "shop" {
  postgres = { instance_class = "db.t4g.medium", storage_gb = 50, multi_az = true, replica = false, connections_max = 400 }
}
"#;
/// Settings of nodes that name what stands elsewhere here: doors, servers, hops before them.
const ELSEWHERE: [&str; 5] = [
    "MIAOSHA_SERVER__LISTEN",
    "MIAOSHA_SERVER__ADMIN_LISTEN",
    "MIAOSHA_HTTP__TRUSTED_HOPS",
    "MIAOSHA_TELEMETRY__OTLP_URL",
    "MIAOSHA_CLUSTER__PAY__URL",
];

/// An environment that stands.
pub struct Applied<'a> {
    terraform: &'a Terraform,
    account: Account,
    place: PathBuf,
    guard: servers::Guard,
}

impl<'a> Applied<'a> {
    /// Applies it to an account that has nothing but a zone, an artifacts bucket and code.
    pub fn from_nothing(terraform: &'a Terraform, programs: &Path) -> Result<Self> {
        let folder = root().join(KEPT).join("applied");
        let servers = folder.join("account");
        // What a run left that was killed.
        stack::wipe(&servers)?;
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&servers)?;
        let guard = servers::Guard::over(&servers)?;
        let account = Account::open(&servers, REGION)?;
        let place = lay_out(&folder)?;
        let applied = Self { terraform, account, place, guard };
        let code = |name: &str| (format!("functions/{name}/v0.1.0.zip"), programs.join(format!("lambda-{name}")));
        let zone_id = applied.account.begin(&Beginning {
            artifacts_bucket: ARTIFACTS.into(),
            domain: DOMAIN.into(),
            codes: ["email", "capacity"].map(code).into(),
        })?;
        fs::write(applied.place.join("mine.auto.tfvars.json"), serde_json::to_vec(&mine(&zone_id))?)?;
        let mut init = applied.command(&["init", "-input=false", "-lockfile=readonly"]);
        said(init.args(terraform.plugins()))?;
        let told = said(&mut applied.command(&["apply", "-input=false", "-auto-approve", AT_ONCE]))?;
        let made = told.lines().filter(|line| line.contains(": Creation complete after ")).count();
        ensure!(made >= RESOURCES_MIN, "only {made} resources were made");
        println!("  {ENVIRONMENT}: applied, {made} resources");
        Ok(applied)
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut terraform = self.terraform.command_in(&self.place, "applied", words);
        terraform.envs(self.account.env()).env("AWS_EC2_METADATA_DISABLED", "true");
        terraform
    }

    fn output(&self, name: &str) -> Result<Value> {
        let told = said(&mut self.command(&["output", "-json", name]))?;
        serde_json::from_str(&told).with_context(|| format!("output {name}: {told}"))
    }

    /// Our nodes, with the settings and secrets that the environment gives them, sell; the environment's functions write the letter
    /// and change the fleet.
    pub fn sells(&self, node: &Path, programs: &Path) -> Result<()> {
        let before = self.account.look(NAME)?;
        self.is_as_planned(&before)?;
        servers::with_servers(SERVERS, |folder| {
            let stack = Stack::open(folder)?;
            let staff = before.secrets.get("staff").context("there is no secret `staff`")?;
            let login = |what: &str| staff.get(&format!("MIAOSHA_STAFF_{what}"));
            let known = json!({"email": login("EMAIL"), "password": login("PASSWORD")});
            fs::create_dir_all(folder.join("apps"))?;
            fs::write(folder.join("apps/staff.json"), known.to_string())?;
            apps::start(stack.running(), &self.nodes(programs, &before))?;
            let mut smoke = command(&[&node.to_string_lossy(), ".github/scripts/smoke.mjs", &stack.running().nginx]);
            run(smoke.env("STAFF", serde_json::to_string(staff)?))?;
            self.settles()
        })
    }

    /// What apply says of itself, and what stands in the account.
    fn is_as_planned(&self, seen: &Seen) -> Result<()> {
        let deploy = self.output("deploy")?;
        for (name, wanted) in [("NAME", NAME), ("ARTIFACTS_BUCKET", ARTIFACTS), ("URL", "https://shop.example")] {
            ensure!(deploy[name] == wanted, "deploy.{name} is {}, not {wanted}", deploy[name]);
        }
        let role = format!("arn:aws:iam::{}:role/{NAME}-deploy", account::NUMBER);
        ensure!(deploy["AWS_DEPLOY_ROLE"] == role.as_str(), "deploy.AWS_DEPLOY_ROLE is {}", deploy["AWS_DEPLOY_ROLE"]);
        let sizes: Vec<_> = seen.groups.iter().map(|(role, group)| (role.as_str(), group.min, group.desired)).collect();
        ensure!(sizes == [("consumer", 2, 2), ("general", 2, 2), ("publisher", 2, 2)], "the fleet is {sizes:?}");
        ensure!(is_empty(seen), "queues begin with {:?}", seen.queues);
        ensure!(seen.plan.is_none() && seen.letters.is_empty(), "nobody has asked for anything yet");
        Ok(())
    }

    /// The settings of the applied launch templates and of the secret that nodes fetch, with the servers of this machine.
    fn nodes(&self, programs: &Path, seen: &Seen) -> apps::Plan {
        let mut plan = apps::Plan::new(programs);
        let told = seen.settings.values().flatten();
        plan.settings.extend(told.filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())).map(owned));
        let ring = seen.secrets.get("nodes").and_then(|secret| secret.get_key_value("MIAOSHA_KEYS__RING"));
        plan.settings.extend(ring.map(owned));
        for door in ["MAIL", "CAPACITY"] {
            plan = plan.set(&format!("MIAOSHA_CLUSTER__{door}__ENDPOINT"), &self.account.endpoint);
        }
        plan
    }

    /// One letter to the buyer, a fleet that grew and is to shrink, and nothing left on a queue.
    fn settles(&self) -> Result<()> {
        let last = std::cell::RefCell::new(None);
        let settled = || match self.account.look(NAME) {
            Ok(seen) => {
                let unlike = unlike(&seen);
                let done = unlike.is_none();
                *last.borrow_mut() = Some(unlike.map(|what| format!("{what}: {seen:?}")));
                done
            }
            Err(error) => {
                *last.borrow_mut() = Some(Some(format!("{error:#}")));
                false
            }
        };
        until("the environment after a purchase", SETTLED_WITHIN, settled, || Ok(()))
            .with_context(|| format!("{:?}\n{}", last.borrow(), self.account.log()))?;
        println!("  {ENVIRONMENT}: one order, one letter, and the fleet grew and is to shrink");
        Ok(())
    }

    /// A plan after all that wants nothing but what the stand-in forgot; one for another sum wants that and nothing else.
    pub fn stays(&self) -> Result<()> {
        let (wrong, excused) = self.wanted("second", &[])?;
        ensure!(wrong.is_empty(), "a second plan wants:\n  {}", wrong.join("\n  "));
        let (other, _) = self.wanted("third", &["-var=monthly_limit=501"])?;
        let noticed = matches!(other.as_slice(), [one] if one.contains("aws_budgets_budget"));
        ensure!(noticed, "a plan for another monthly limit wants:\n  {}", other.join("\n  "));
        println!(
            "  {ENVIRONMENT}: a second plan wants nothing besides {excused} resources of which the stand-in forgot something"
        );
        Ok(())
    }

    /// A word of docs/runbook.md's "Changing secrets" is drawn anew where it is told, and reaches the part that it opens.
    pub fn redraws(&self) -> Result<()> {
        let word = "module.shop.module.secrets.aws_secretsmanager_secret_version.password[\"redis\"]";
        let (mut wanted, _) = self.wanted("fourth", &[&format!("-replace={word}")])?;
        wanted.sort();
        let reached = matches!(wanted.as_slice(), [drawn, part] if drawn.contains("secret_version.password")
            && part.contains("aws_elasticache_replication_group") && part.ends_with(": auth_token"));
        ensure!(reached, "a plan for another word of the ledger's wants:\n  {}", wanted.join("\n  "));
        Ok(())
    }

    /// What a plan wants, and how many resources are excused.
    fn wanted(&self, name: &str, words: &[&str]) -> Result<(Vec<String>, usize)> {
        // The plan is written also where the provider stumbles over what the stand-in forgot.
        said(self.command(&["plan", "-input=false", &format!("-out={name}")]).args(words))?;
        let shown = said(&mut self.command(&["show", "-json", name]))?;
        let plan: Value = serde_json::from_str(&shown).context("terraform shows a plan that nobody can read")?;
        Ok(forgotten::wanted(&plan))
    }

    /// As docs/deploy.md takes it down; what is left behind is an error.
    pub fn destroyed(self) -> Result<()> {
        self.account.give_up(NAME)?;
        // Not read anew: what the stand-in forgot must be removed too.
        let told = said(&mut self.command(&["destroy", "-refresh=false", "-input=false", "-auto-approve", AT_ONCE]))?;
        let left = said(&mut self.command(&["state", "list"]))?;
        ensure!(left.trim().is_empty(), "not destroyed: {left}");
        println!(
            "  {ENVIRONMENT}: {}",
            told.lines().rev().find(|line| line.contains("Destroy complete")).unwrap_or("gone")
        );
        drop(self.account);
        self.guard.end()
    }
}

fn owned((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

/// Whether nothing lies on a queue of ours, or is in hand. On that of uploads S3 puts a letter of its own, to try it.
fn is_empty(seen: &Seen) -> bool {
    seen.queues.iter().all(|(name, depth)| *depth == 0 || name == "uploads")
}

/// What is not as a purchase leaves it.
fn unlike(seen: &Seen) -> Option<&'static str> {
    let group = |role: &str| seen.groups.get(role);
    let shrinks = |role: &str| group(role).is_some_and(|g| matches!(g.scheduled.as_slice(), [(_, 2, 2)]));
    let large = |role: &str, nodes| group(role).is_some_and(|g| (g.min, g.desired) == (nodes, nodes));
    let checks = [
        ("one letter", seen.letters.len() == 1 && seen.sent == 1),
        ("no message left", is_empty(seen)),
        ("publishers grew to 4 and generals to 3", large("publisher", 4) && large("general", 3)),
        ("a shrinking to 2 is scheduled", shrinks("publisher") && shrinks("general")),
        ("the balancer's units are reserved", seen.reserved_units == 100),
        ("the plan is remembered and calls no more", seen.plan.as_ref().is_some_and(|plan| !plan.on)),
    ];
    checks.into_iter().find(|(_, holds)| !holds).map(|(what, _)| what)
}

/// The environment's own files, and the modules', in their order, with what differs here beside them.
fn lay_out(folder: &Path) -> Result<PathBuf> {
    let aws = root().join(FOLDER);
    let place = folder.join("environments").join(ENVIRONMENT);
    fs::create_dir_all(&place)?;
    symlink(aws.join("modules"), folder.join("modules"))?;
    for entry in fs::read_dir(aws.join("environments").join(ENVIRONMENT))? {
        let entry = entry?;
        if entry.file_type()?.is_file() && !entry.file_name().to_string_lossy().contains(".auto.") {
            symlink(entry.path(), place.join(entry.file_name()))?;
        }
    }
    fs::write(place.join("here_override.tf"), HERE)?;
    Ok(place)
}

/// What docs/deploy.md lets people write down.
fn mine(zone_id: &str) -> Value {
    let registry = format!("{}.dkr.ecr.{REGION}.amazonaws.com/miaosha", account::NUMBER);
    let of_each = |value: &dyn Fn(&str) -> String| -> BTreeMap<&str, String> {
        ["publisher", "consumer", "general", "provider"].map(|name| (name, value(name))).into()
    };
    json!({
        "repository": "shop/miaosha",
        "account": {
            "repositories": of_each(&|name| format!("{registry}/{name}")),
            "artifacts_bucket": ARTIFACTS,
            "key_arn": format!("arn:aws:kms:{REGION}:{}:key/account", account::NUMBER),
            "oidc_provider_arn": format!("arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com", account::NUMBER),
        },
        "domain": DOMAIN,
        "zone_id": zone_id,
        "images": of_each(&|name| format!("{registry}/{name}@sha256:{}", "0123456789abcdef".repeat(4))),
        "functions": {"email": "functions/email/v0.1.0.zip", "capacity": "functions/capacity/v0.1.0.zip"},
        "mail_from": format!("Shop <orders@{DOMAIN}>"),
        "staff_email": format!("staff@{DOMAIN}"),
        "pages_to": [format!("night@{DOMAIN}")],
        "tickets_to": [format!("day@{DOMAIN}")],
        "monthly_limit": 500,
        "protected": false,
    })
}
