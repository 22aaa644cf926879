//! The faults, by the folder that they are planted into.

use crate::planted::{Fault, fault};

/// By folder. The faults of one folder are planted together, so no two of them may break one rule.
pub const FOLDERS: &[(&str, &[Fault])] = &[
    (
        "modules/bucket",
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
        "modules/service",
        &[
            fault(
                "main.tf",
                r#"http_tokens                 = "required""#,
                r#"http_tokens = "optional""#,
                "Metadata needs a word, and goes no further than the machine.",
            ),
            fault("main.tf", "encrypted             = true", "encrypted = false", "Its disk is under our key."),
            fault(
                "main.tf",
                "data.aws_ssm_parameter.system.insecure_value",
                r#""resolve:ssm:${data.aws_ssm_parameter.system.name}""#,
                "Auto Scaling takes no group back whose template names its system by a parameter.",
            ),
            fault(
                "main.tf",
                ", Environment = var.name }",
                " }",
                "Nodes and their disks carry the tag by which the budget counts.",
            ),
            fault(
                "boot.sh.tftpl",
                "'$ADDRESS:5100'",
                "'127.0.0.1:5100'",
                "Each node's series have its own address, or they are one and the same.",
            ),
            fault(
                "boot.sh.tftpl",
                "systemctl stop --no-block amazon-cloudwatch-agent\n",
                "",
                "A node that is meant to go is not told of as down.",
            ),
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
        "modules/network",
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
                "groups.tf",
                "services of AWS inside the network",
                "AWS's services inside the network",
                "Letters without an apostrophe: the first apply fails by one.",
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
        "modules/postgres",
        &[
            fault(
                "main.tf",
                "publicly_accessible    = false",
                "publicly_accessible = true",
                "Primary and replica: private, and encrypted under our key.",
            ),
            fault(
                "main.tf",
                "  # Under the primary's key: in one region AWS refuses to be told which.\n",
                "  kms_key_id = var.key_arn\n",
                "A replica takes its primary's key, and RDS refuses to be told it.",
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
        "modules/email",
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
        "modules/capacity",
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
        "modules/deploy",
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
                "Looking, signing in, and starting nodes by our templates alone.",
            ),
            fault(
                "main.tf",
                "{ StringEquals = { \"ec2:CreateAction\" = \"RunInstances\" } }",
                "{ ArnEquals = { \"ec2:LaunchTemplate\" = var.launch_template_arns } }",
                "Machines are tagged where they are started, and nowhere else.",
            ),
            fault("main.tf", "/ami-amazon-linux-latest/", "/other/", "A roll asks for the newest system."),
        ],
    ),
    (
        "modules/balancer",
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
    (
        "modules/redis",
        &[
            fault(
                "main.tf",
                "transit_encryption_enabled = true",
                "transit_encryption_enabled = false",
                "Encrypted on the way and at rest, and nobody without the word.",
            ),
            fault(
                "main.tf",
                "multi_az_enabled           = var.replicas > 0",
                "multi_az_enabled = false",
                "Three masters, each with a replica in another zone.",
            ),
            fault(
                "main.tf",
                r#"maxmemory-policy = "noeviction""#,
                r#"maxmemory-policy = "allkeys-lru""#,
                "A cluster that throws nothing out.",
            ),
            fault(
                "outputs.tf",
                "range(1, var.replicas + 2)",
                "range(1, var.replicas + 1)",
                "Alarms must know every server.",
            ),
            fault("memorydb.tf", "+@all -@dangerous", "+@all", "The shop's user cannot empty the server."),
            fault(
                "memorydb.tf",
                "tls_enabled                = true",
                "tls_enabled = false",
                "One of both, and as closed.",
            ),
            fault("outputs.tf", "one(aws_memorydb_cluster.this[*].name)", "null", "Alarms ask for the cluster."),
        ],
    ),
    (
        "modules/rabbitmq",
        &[
            fault(
                "variables.tf",
                "mq\\\\.(",
                "mq\\\\.(t3\\\\.micro|",
                "The checkable object, var.instance_type, was expected to report an error but did not.",
            ),
            fault("main.tf", "publicly_accessible = false", "publicly_accessible = true", "Only nodes reach it."),
            fault("main.tf", "use_aws_owned_key = false", "use_aws_owned_key = true", "Claims lie under our key."),
            fault(
                "main.tf",
                "apply_immediately          = false",
                "apply_immediately = true",
                "Logged, patched, and changed in its own hour alone.",
            ),
            fault("main.tf", "slice(var.subnets, 0, 1)", "var.subnets", "One broker in one zone."),
            fault(
                "outputs.tf",
                "amqps://miaosha",
                "amqp://miaosha",
                "As the setting cluster.rabbit.url wants it, over TLS.",
            ),
        ],
    ),
    (
        "modules/edge",
        &[
            fault(
                "main.tf",
                r#"minimum_protocol_version = "TLSv1.2_2021""#,
                r#"minimum_protocol_version = "TLSv1""#,
                "No old TLS from the street.",
            ),
            fault(
                "main.tf",
                r#"origin_protocol_policy   = "https-only""#,
                r#"origin_protocol_policy = "match-viewer""#,
                "And none to the balancer without it.",
            ),
            fault(
                "main.tf",
                r#"viewer_protocol_policy   = "https-only""#,
                r#"viewer_protocol_policy = "allow-all""#,
                "Nothing is answered in the clear.",
            ),
            fault(
                "main.tf",
                r#"signing_behavior                  = "always""#,
                r#"signing_behavior = "no-override""#,
                "Every question is signed.",
            ),
            fault("main.tf", "connection_attempts = 1", "connection_attempts = 3", "One try."),
            fault("main.tf", "default-src 'none'", "default-src *", "Nothing from elsewhere."),
            fault(
                "firewall.tf",
                "AWSManagedRulesKnownBadInputsRuleSet  =",
                "AWSManagedRulesLinuxRuleSet =",
                "Known bad inputs are turned away.",
            ),
            fault(
                "firewall.tf",
                r#""authorization", "cookie", "sec-websocket-protocol""#,
                r#""authorization""#,
                "No token in a log.",
            ),
            fault(
                "alarms.tf",
                "alarm_actions       = [aws_sns_topic.edge.arn]",
                "alarm_actions = []",
                "Its alarms reach people.",
            ),
        ],
    ),
    (
        "modules/media",
        &[
            fault(
                "main.tf",
                r#""arn:aws:s3:::${var.bucket}" }"#,
                r#""arn:aws:s3:::*" }"#,
                "No other bucket may fill the queue.",
            ),
            fault(
                "main.tf",
                r#"filter_prefix = "uploads/""#,
                r#"filter_prefix = """#,
                "What we write ourselves must not wake us again.",
            ),
            fault("main.tf", "maxReceiveCount = 5", "maxReceiveCount = 500", "Encrypted, and bounded in tries."),
            fault("main.tf", "allowed_origins = var.origins", r#"allowed_origins = ["*"]"#, "Our own origin alone."),
            fault(
                "variables.tf",
                r#"startswith(origin, "https://") && !strcontains(origin, "*")"#,
                r#"origin != """#,
                "The checkable object, var.origins, was expected to report an error but did not.",
            ),
        ],
    ),
    (
        "modules/secrets",
        &[
            fault(
                "main.tf",
                "password_length     = 42",
                "password_length = 12",
                "At least 32 letters and digits, nothing that a URL would read otherwise.",
            ),
            fault(
                "main.tf",
                "recovery_window_in_days = 30",
                "recovery_window_in_days = 7",
                "Under our own key, with a month to bring a removed one back.",
            ),
            fault("main.tf", r#""${var.name}/${each.key}""#, "each.key", "Names begin with their environment."),
        ],
    ),
    (
        "modules/key",
        &[
            fault(
                "main.tf",
                "enable_key_rotation     = true",
                "enable_key_rotation = false",
                "A key that never changes is one that leaks once and for all.",
            ),
            fault(
                "main.tf",
                "deletion_window_in_days = 30",
                "deletion_window_in_days = 7",
                "Whoever deletes the key deletes the journal: there must be a month to notice.",
            ),
            fault(
                "main.tf",
                r#"Condition = { StringEquals = { "aws:SourceAccount" = local.account } }"#,
                "",
                "A service without a condition encrypts and decrypts for strangers.",
            ),
            fault(
                "main.tf",
                r#""kms:CreateGrant""#,
                r#""kms:*""#,
                "Only the account itself may do everything with the key.",
            ),
        ],
    ),
    (
        "modules/global-key",
        &[
            fault(
                "main.tf",
                "deletion_window_in_days = 30",
                "deletion_window_in_days = 7",
                "It turns, and dies slowly.",
            ),
            fault(
                "main.tf",
                r#"Condition = { StringEquals = { "aws:SourceAccount" = local.account } }"#,
                "",
                "A service without a condition works for strangers.",
            ),
        ],
    ),
    (
        "modules/function",
        &[
            fault("main.tf", r#"["arm64"]"#, r#"["x86_64"]"#, "arm64, our own binary."),
            fault("main.tf", "= var.parallel_max", "= -1", "Bounded in number and in time."),
            fault(
                "main.tf",
                "retention_in_days = var.log_days",
                "retention_in_days = 0",
                "Log and settings are encrypted, and the log ends.",
            ),
            fault("main.tf", r#""logs:PutLogEvents""#, r#""logs:*""#, "No action with a wildcard."),
            fault(
                "main.tf",
                r#"Resource = "${aws_cloudwatch_log_group.this.arn}:*""#,
                r#"Resource = "*""#,
                "Only traces, which AWS lets nobody narrow.",
            ),
            fault(
                "variables.tf",
                "var.parallel_max >= 1",
                "var.parallel_max >= 0",
                "The checkable object, var.parallel_max, was expected to report an error but did not.",
            ),
        ],
    ),
    (
        "modules/observability",
        &[
            fault("alarms.tf", "early = 0.8", "early = 0.99", "At four fifths; the disk at its last tenth."),
            fault(
                "alarms.tf",
                "? var.topics.pages : var.topics.tickets]",
                "? var.topics.tickets : var.topics.pages]",
                "Each alarm reaches its people.",
            ),
            fault("alarms.tf", " docs/runbook.md: ", " ", "Each says where to read on."),
            fault(
                "alarms.tf",
                r#"format("user:Environment$%s", var.name)"#,
                r#""user:Environment$${var.name}""#,
                "What this environment costs, by its tag.",
            ),
            fault("alarms.tf", "tostring(var.monthly_limit)", r#""1000000""#, "A ticket before the month's limit."),
            fault(
                "alarms-parts.tf",
                r#""MAX(EngineCPUUtilization)", missing = "breaching""#,
                r#""MAX(EngineCPUUtilization)", missing = "ignore""#,
                "A ledger that nobody counts is not watched.",
            ),
            fault(
                "alarms-parts.tf",
                r#"RabbitMQDiskFree = "MIN""#,
                r#"RabbitMQDiskFree = "MAX""#,
                "By its name alone Amazon tells the sum of all.",
            ),
            fault("alarms-parts.tf", "(var.rabbitmq.cluster ? 3 : 12)", "3", "At 10 GiB of 200."),
            fault(
                "alarms-parts.tf",
                r#""SUM(Evictions)""#,
                r#""SUM(Evicted)""#,
                "Memory, processor and evictions of the cluster, and nothing else is asked so.",
            ),
            fault(
                "alarms-parts.tf",
                "if group.max > group.min",
                "if group.max > 1",
                "A group that cannot grow is always full; nobody needs to hear it.",
            ),
            fault(
                "alarms-ours.tf",
                r#"above = 5, missing = "breaching""#,
                r#"above = 5, missing = "notBreaching""#,
                "Where silence is the bad news, silence rings.",
            ),
            fault(
                "alarms-ours.tf",
                r#"periods = 1, severity = "page", judge = true, says = "More units"#,
                r#"periods = 1, severity = "page", says = "More units"#,
                "A broken law and errors at the door are among them.",
            ),
            fault(
                "prometheus.tf",
                r#""interval: 30s""#,
                r#""interval: 5s""#,
                "Readable, and no more often than Amazon's Prometheus looks.",
            ),
            fault(
                "prometheus.tf",
                "receivers = { pager = var.topics.pages, tickets",
                "receivers = { pagers = var.topics.pages, tickets",
                "The receivers that its routes name.",
            ),
            fault(
                "prometheus.tf",
                "kms_key_arn = var.key_arn",
                "kms_key_arn = null",
                "Encrypted, with a log that ends.",
            ),
        ],
    ),
    (
        "modules/topics",
        &[
            fault(
                "main.tf",
                "= local.letters",
                r#"= { for name, letter in local.letters : name => letter if letter.topic == "tickets" }"#,
                "Everybody who is named is written to.",
            ),
            fault(
                "main.tf",
                "data.aws_caller_identity.this.account_id",
                r#""210987654321""#,
                "Services speak for our account alone.",
            ),
            fault("main.tf", "kms_master_key_id = var.key_arn", "kms_master_key_id = null", "Encrypted."),
            fault("main.tf", r#", "sns:GetTopicAttributes"]"#, "]", "They speak, and see where, and no more."),
            fault("main.tf", "= var.hears_events ?", "= true ?", "Everybody's rules would speak."),
            fault(
                "variables.tf",
                "length(var.pages_to) > 0",
                "length(var.pages_to) >= 0",
                "The checkable object, var.pages_to, was expected to report an error but did not.",
            ),
        ],
    ),
    (
        "modules/shop",
        &[
            fault(
                "main.tf",
                "MIAOSHA_CLUSTER__RABBIT__URL = module.rabbitmq.url",
                "MIAOSHA_CLUSTER__RABBITMQ__URL = module.rabbitmq.url",
                "Every secret that a node asks for, by the name of its setting.",
            ),
            fault("main.tf", r#"["ring"]}A""#, r#"["ring"]}B""#, "A key ring that kit::tokens can read."),
            fault("main.tf", "staff-word", "staff", "No two secrets of one name."),
            fault(
                "roles.tf",
                "publisher = []",
                "publisher = local.letters",
                "A publisher asks nothing of AWS; a consumer relays letters.",
            ),
            fault("roles.tf", r#""lambda:InvokeFunction""#, r#""lambda:*""#, "No action with a wildcard."),
            fault(
                "roles.tf",
                "local.connections + 20 <=",
                "0 * local.connections + 20 <=",
                "The checkable object, terraform_data.connections, was expected to report an error but did not.",
            ),
        ],
    ),
    (
        "modules/delivery",
        &[
            fault(
                "github.tf",
                r#""repo:${var.repository}:environment:${environment}""#,
                r#""repo:${var.repository}:*""#,
                "One repository, one environment, compared whole.",
            ),
            fault(
                "github.tf",
                "max_session_duration = 3600",
                "max_session_duration = 43200",
                "A role is lent for an hour.",
            ),
            fault("github.tf", r#""ecr:PutImage""#, r#""ecr:Put*""#, "No action with a wildcard."),
            fault(
                "github.tf",
                "Resource = var.state_bucket_arn",
                r#"Resource = "*""#,
                "Only what AWS lets nobody narrow.",
            ),
            fault("github.tf", r#"= "s3:GetObject""#, r#"= "s3:PutObject""#, "Whoever plans reads."),
            fault("main.tf", r#""IMMUTABLE""#, r#""MUTABLE""#, "Immutable, scanned, encrypted."),
            fault("main.tf", "parts_per_release = 7", "parts_per_release = 1", "Fifty releases of seven parts."),
            fault(
                "variables.tf",
                "/[A-Za-z0-9._-]+$",
                "/[A-Za-z0-9._*-]+$",
                "The checkable object, var.repository, was expected to report an error but did not.",
            ),
        ],
    ),
    (
        "modules/sandbox",
        &[
            fault(
                "main.tf",
                "associate_public_ip_address = false",
                "associate_public_ip_address = true",
                "No public address, an encrypted disk, metadata only with a word.",
            ),
            fault(
                "main.tf",
                "provider.${var.name}.internal",
                "provider.${var.name}.example",
                "A name of our own network.",
            ),
            fault(
                "main.tf",
                "data.aws_ssm_parameter.system.insecure_value",
                r#""resolve:ssm:${data.aws_ssm_parameter.system.name}""#,
                "Of a name that only EC2 resolves nobody can tell which disk is the root's: the apply fails.",
            ),
            fault(
                "main.tf",
                "Resource = var.secret_arn",
                r#"Resource = "*""#,
                "Only the sign-in, which AWS lets nobody narrow.",
            ),
        ],
    ),
    (
        "bootstrap",
        &[
            fault(
                "main.tf",
                "repository       = var.repository",
                "repository       = var.repository\n  images           = [\"publisher\"]",
                "A bucket for the state, and a repository for each image.",
            ),
            fault(
                "trail.tf",
                "enable_log_file_validation    = true",
                "enable_log_file_validation    = false",
                "Everywhere, encrypted, and nobody can change it unseen.",
            ),
            fault(
                "trail.tf",
                r#"values = ["${module.state.arn}/"]"#,
                r#"values = ["arn:aws:s3"]"#,
                "Whoever reads the state is written down.",
            ),
            fault(
                "trail.tf",
                "block_public_policy     = true",
                "block_public_policy     = false",
                "Encrypted by default, no public bucket, watched.",
            ),
        ],
    ),
    (
        "environments/tiny",
        &[fault("main.tf", "= var.mail_from", "= var.nobody", "Reference to undeclared input variable")],
    ),
    (
        "environments/production",
        &[
            fault(
                "main.tf",
                "max = 12, settings",
                "max = 9, settings",
                "A lost zone takes a third, and the rest must hold everybody.",
            ),
            fault(
                "main.tf",
                "messages_max = 50000",
                "messages_max = 5000",
                "Twenty seconds of 20,000 claims wait on the queue",
            ),
            fault(
                "variables.tf",
                r#"startswith(var.provider_url, "https://")"#,
                r#"startswith(var.provider_url, "http")"#,
                "The checkable object, var.provider_url, was expected to report an error but did not.",
            ),
        ],
    ),
    (
        "environments/staging",
        &[
            fault(
                "main.tf",
                "max = 4, settings",
                "max = 3, settings",
                "Eighty thousand sockets, and connections within the journal's.",
            ),
            fault(
                "main.tf",
                r#", "eu-central-1c"]"#,
                "]",
                "Three zones, as in production: what a lost zone takes must be seen here first.",
            ),
        ],
    ),
];

/// What nobody may write so.
pub const ILL_WRITTEN: Fault = fault(
    "modules/key/main.tf",
    "enable_key_rotation     = true",
    "enable_key_rotation = true",
    "+ enable_key_rotation = true",
);
