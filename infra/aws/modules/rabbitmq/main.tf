# The claims queue and the timers. What a buyer holds a receipt for lies here until the journal has it.
#
# Queues are declared by our binaries (quorum, bounded, with their own limits): no policy stands here that could differ from them.

resource "aws_mq_broker" "this" {
  broker_name        = var.name
  engine_type        = "RabbitMQ"
  engine_version     = "3.13"
  host_instance_type = var.instance_type
  deployment_mode    = var.cluster ? "CLUSTER_MULTI_AZ" : "SINGLE_INSTANCE"

  publicly_accessible = false
  subnet_ids          = var.cluster ? var.subnets : slice(var.subnets, 0, 1)
  security_groups     = [var.group]

  auto_minor_version_upgrade = true
  apply_immediately          = false
  maintenance_window_start_time {
    day_of_week = "FRIDAY"
    time_of_day = "03:30"
    time_zone   = "UTC"
  }

  encryption_options {
    kms_key_id        = var.key_arn
    use_aws_owned_key = false
  }
  logs {
    general = true
  }
  user {
    username = "miaosha"
    password = var.password
  }
  lifecycle {
    # Amazon changes no user of RabbitMQ's, only RabbitMQ does: docs/runbook.md, "Changing secrets".
    ignore_changes = [user]
  }
}

# Its log groups are made by Amazon MQ itself under a name that nobody knows before; docs/deploy.md says how they get an end.
