mock_provider "aws" {
  source = "../../testing"
}

variables {
  name            = "miaosha-test"
  key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/k"
  subnets         = ["subnet-1", "subnet-2"]
  group           = "sg-1"
  password        = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
  instance_class  = "db.r7g.large"
  storage_gb      = 100
  multi_az        = true
  replica         = true
  connections_max = 500
  backup_days     = 14
  log_days        = 90
}

run "the_journal_is_not_public_and_not_readable" {
  assert {
    condition     = alltrue([for d in concat([aws_db_instance.primary], aws_db_instance.replica) : !d.publicly_accessible && d.storage_encrypted]) && aws_db_instance.primary.kms_key_id == var.key_arn
    error_message = "Primary and replica: private, and encrypted under our key."
  }
  assert {
    condition     = alltrue([for d in aws_db_instance.replica : d.kms_key_id != var.key_arn])
    error_message = "A replica takes its primary's key, and RDS refuses to be told it."
  }
  assert {
    condition     = toset(aws_db_instance.primary.vpc_security_group_ids) == toset(["sg-1"])
    error_message = "One group lets people in."
  }
  assert {
    condition     = local.parameters["rds.force_ssl"] == "1" && strcontains(nonsensitive(output.url), "sslmode=verify-full")
    error_message = "TLS, and the server shows who it is."
  }
}

run "the_journal_is_not_lost" {
  assert {
    condition     = aws_db_instance.primary.multi_az && local.parameters["synchronous_commit"] == "on"
    error_message = "A commit is on two disks before it is told."
  }
  assert {
    condition     = aws_db_instance.primary.deletion_protection && !aws_db_instance.primary.skip_final_snapshot && !aws_db_instance.primary.delete_automated_backups
    error_message = "It cannot be deleted by accident, and leaves its backups behind when it is by intent."
  }
  assert {
    condition     = aws_db_instance.primary.backup_retention_period == 14
    error_message = "Two weeks back."
  }
}

run "it_is_bounded_and_watched" {
  assert {
    condition     = aws_db_instance.primary.max_allocated_storage == 500
    error_message = "The disk grows to five times its size and no further."
  }
  assert {
    condition     = local.parameters["max_connections"] == "500"
    error_message = "Connections have the bound that was asked for."
  }
  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 4 && alltrue([for g in aws_cloudwatch_log_group.this : g.retention_in_days == 90 && g.kms_key_id == var.key_arn])
    error_message = "Both logs of both servers, for 90 days, encrypted."
  }
}

run "no_backup_is_refused" {
  command = plan
  variables {
    backup_days = 0
  }
  expect_failures = [var.backup_days]
}

run "an_intel_machine_is_refused" {
  command = plan
  variables {
    instance_class = "db.r5.large"
  }
  expect_failures = [var.instance_class]
}
