//! Faults, planted one beside another into a copy of each module: whatever guards the rule that one breaks must say so, by its own words.

use std::{fs, os::unix::fs::symlink, path::Path};

use anyhow::{Context, Result, ensure};

use super::{FOLDER, KEPT, Terraform, at_once, said};
use crate::run::root;

/// One line of a module made wrong, and what its tests must say of it.
struct Fault {
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    said: &'static str,
}

const fn fault(file: &'static str, right: &'static str, wrong: &'static str, said: &'static str) -> Fault {
    Fault { file, right, wrong, said }
}

/// By module; the shop as a whole is left out, because its tests alone take as long as all of these. The faults of one module are planted together, so no two of them may break one rule.
const MODULES: &[(&str, &[Fault])] = &[
    (
        "bucket",
        &[
            fault(
                "main.tf",
                "block_public_policy     = true",
                "block_public_policy = false",
                "All four locks against the public are shut.",
            ),
            fault("main.tf", r#""aws:kms""#, r#""AES256""#, "Under the key of the environment."),
            fault(
                "main.tf",
                r#"status = "Enabled"
  }"#,
                r#"status = "Suspended"
  }"#,
                "What is overwritten can be brought back.",
            ),
            fault("main.tf", r#"Effect    = "Deny""#, r#"Effect    = "Allow""#, "Nobody speaks with it in the clear."),
        ],
    ),
    (
        "service",
        &[
            fault(
                "main.tf",
                r#"http_tokens                 = "required""#,
                r#"http_tokens = "optional""#,
                "Metadata needs a word, and goes no further than the machine.",
            ),
            fault("main.tf", "encrypted             = true", "encrypted = false", "Its disk is under our key."),
            fault("role.tf", r#""aps:RemoteWrite""#, r#""aps:*""#, "No action with a wildcard."),
            fault("role.tf", "Resource = var.secret_arns", r#"Resource = "*""#, "Only what AWS lets nobody narrow."),
            fault(
                "main.tf",
                "min_healthy_percentage = 100",
                "min_healthy_percentage = 50",
                "No node goes before another is there, and none with sockets by itself.",
            ),
            fault(
                "variables.tf",
                "var.stop_s < 110",
                "var.stop_s < 1000",
                "The checkable object, var.stop_s, was expected to report an error but did not.",
            ),
        ],
    ),
    (
        "network",
        &[
            fault(
                "main.tf",
                "resource \"aws_default_security_group\" \"none\" {",
                "resource \"aws_default_security_group\" \"none\" {\n  ingress {\n    protocol  = -1\n    self      = true\n    from_port = 0\n    to_port   = 0\n  }",
                "The default group lets nobody speak.",
            ),
            fault(
                "groups.tf",
                "prefix_list_id    = data.aws_ec2_managed_prefix_list.edge.id",
                r#"cidr_ipv4 = "0.0.0.0/0""#,
                "The balancer hears CloudFront on 443 and nobody else.",
            ),
            fault(
                "groups.tf",
                r#"to = "sandbox", door = "street" } },"#,
                r#"to = "sandbox", door = "street" } },
    { for role in local.nodes : "${role}-publisher" => { from = role, to = "publisher", door = "street" } },"#,
                "Roles never speak with each other.",
            ),
            fault(
                "flow-log.tf",
                r#"traffic_type             = "ALL""#,
                r#"traffic_type = "REJECT""#,
                "All traffic, encrypted, for a bounded time.",
            ),
        ],
    ),
    (
        "postgres",
        &[
            fault(
                "main.tf",
                "publicly_accessible    = false",
                "publicly_accessible = true",
                "Primary and replica: private, and encrypted under our key.",
            ),
            fault(
                "main.tf",
                r#""rds.force_ssl" = "1""#,
                r#""rds.force_ssl" = "0""#,
                "TLS, and the server shows who it is.",
            ),
            fault(
                "main.tf",
                "skip_final_snapshot       = false",
                "skip_final_snapshot = true",
                "It cannot be deleted by accident, and leaves its backups behind when it is by intent.",
            ),
            fault(
                "main.tf",
                r#""synchronous_commit" = "on""#,
                r#""synchronous_commit" = "off""#,
                "A commit is on two disks before it is told.",
            ),
        ],
    ),
    (
        "email",
        &[
            fault("main.tf", r#""dynamodb:UpdateItem""#, r#""dynamodb:*""#, "Exactly these actions."),
            fault("main.tf", "tries = 120", "tries = 3", "Tries outlast four hours."),
            fault(
                "main.tf",
                "kms_key_arn = var.key_arn\n  }",
                "kms_key_arn = null\n  }",
                "Queues and ledger under our key.",
            ),
            fault(
                "main.tf",
                "deletion_protection_enabled = true",
                "deletion_protection_enabled = false",
                "The ledger is protected, backed up and forgets by itself.",
            ),
            fault("ses.tf", r#"tls_policy = "REQUIRE""#, r#"tls_policy = "OPTIONAL""#, "Letters travel over TLS."),
            fault(
                "main.tf",
                "function_s = 20",
                "function_s = 60",
                "SQS must hide a message for six times the function's limit.",
            ),
        ],
    ),
    (
        "capacity",
        &[
            fault(
                "main.tf",
                "${aws_scheduler_schedule_group.this.name}/plan\"",
                "${aws_scheduler_schedule_group.this.name}/*\"",
                "It writes its plan, and not what wakes it besides.",
            ),
            fault("main.tf", "autoScalingGroupName/${group.name}\"", "autoScalingGroupName/*\"", "No other group."),
            fault(
                "main.tf",
                "\"iam:PassedToService\" = \"scheduler.amazonaws.com\"",
                "\"iam:PassedToService\" = \"ec2.amazonaws.com\"",
                "The role is passed to the scheduler alone.",
            ),
            fault(
                "main.tf",
                "Resource = var.balancer_arn\n    },",
                "Resource = \"*\"\n    },",
                "Only what AWS lets nobody narrow.",
            ),
            fault(
                "main.tf",
                "maximum_retry_attempts       = 2\n  destination",
                "maximum_retry_attempts       = 0\n  destination",
                "Bounded in age and in tries.",
            ),
        ],
    ),
    (
        "deploy",
        &[
            fault(
                "main.tf",
                ":environment:${var.environment}\"",
                ":ref:refs/heads/main\"",
                "Compared whole: no branch, no pull request, no other environment.",
            ),
            fault("main.tf", "\"lambda:UpdateFunctionCode\"", "\"lambda:*\"", "No action with a wildcard."),
            fault(
                "main.tf",
                "Condition = { ArnEquals = { \"ec2:LaunchTemplate\" = var.launch_template_arns } }",
                "Condition = { ArnEquals = { \"ec2:LaunchTemplate\" = \"*\" } }",
                "No machine but by our templates.",
            ),
            fault(
                "main.tf",
                "\"cloudwatch:DescribeAlarms\",",
                "\"cloudwatch:DescribeAlarms\", \"secretsmanager:GetSecretValue\",",
                "It reads no secret and changes no permission.",
            ),
            fault(
                "main.tf",
                "Resource = var.key_arns",
                "Resource = \"*\"",
                "Looking, and starting nodes by our templates alone.",
            ),
        ],
    ),
    (
        "balancer",
        &[
            fault(
                "main.tf",
                "drop_invalid_header_fields = true",
                "drop_invalid_header_fields = false",
                "Protected, strict, logged.",
            ),
            fault(
                "rules.tf",
                "ELBSecurityPolicy-TLS13",
                "ELBSecurityPolicy-TLS",
                "TLS 1.2 and 1.3 on 443, and no other listener.",
            ),
        ],
    ),
];

/// Plants them all; returns how many were noticed.
pub fn noticed(terraform: &Terraform) -> Result<usize> {
    let missed =
        at_once((0..MODULES.len()).collect(), |n| missed(terraform, *n).err().map(|error| format!("{error:#}")));
    ensure!(missed.is_empty(), "planted faults:\n  {}", missed.join("\n  "));
    Ok(MODULES.iter().map(|(_, faults)| faults.len()).sum())
}

/// Errors: what nobody noticed in this module.
fn missed(terraform: &Terraform, number: usize) -> Result<()> {
    let (module, faults) = MODULES.get(number).context("there is no such module")?;
    let name = format!("planted-{module}");
    let folder = root().join(KEPT).join(&name);
    let _ = fs::remove_dir_all(&folder);
    let place = lay_out(&folder, module)?;
    for fault in *faults {
        let file = place.join(fault.file);
        let text = fs::read_to_string(&file)?;
        ensure!(
            text.contains(fault.right),
            "{module}/{} has no `{}` any more: plant another fault",
            fault.file,
            fault.right
        );
        fs::write(&file, text.replace(fault.right, fault.wrong))?;
    }
    let mut init = terraform.command_in(&place, &name, &["init", "-backend=false", "-input=false"]);
    said(init.args(terraform.plugins())).with_context(|| format!("{module} with its faults"))?;
    let told = match said(&mut terraform.command_in(&place, &name, &["test"])) {
        Ok(_) => String::new(),
        // Terraform breaks lines where a terminal would end.
        Err(error) => format!("{error}").split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", ""),
    };
    let silent: Vec<&str> = faults.iter().map(|fault| fault.said).filter(|words| !told.contains(words)).collect();
    ensure!(silent.is_empty(), "{module}: nobody says `{}`; what is said is: {told}", silent.join("`, `"));
    Ok(())
}

/// A copy of one module among the others.
fn lay_out(folder: &Path, module: &str) -> Result<std::path::PathBuf> {
    let aws = root().join(FOLDER);
    let modules = folder.join("aws/modules");
    fs::create_dir_all(&modules)?;
    symlink(aws.join("testing"), folder.join("aws/testing"))?;
    symlink(root().join("infra/observe"), folder.join("observe"))?;
    for entry in fs::read_dir(aws.join("modules"))? {
        let name = entry?.file_name();
        if name != module {
            symlink(aws.join("modules").join(&name), modules.join(&name))?;
        }
    }
    let place = modules.join(module);
    copy(&aws.join("modules").join(module), &place)?;
    Ok(place)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
