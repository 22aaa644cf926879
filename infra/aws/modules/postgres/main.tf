# The journal: the only authority for what anyone may be told. It is the last thing here that may be lost.

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Where the journal lies: no way out."
  subnet_ids  = var.subnets
}

resource "aws_db_parameter_group" "this" {
  name        = "${var.name}-postgres17"
  description = "What the laws need of the journal."
  family      = "postgres17"
  dynamic "parameter" {
    for_each = local.parameters
    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "pending-reboot"
    }
  }
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  parameters = {
    # Nobody speaks with it in the clear.
    "rds.force_ssl" = "1"
    # A commit is told only when it is on disk, and with Multi-AZ on the other disk too.
    "synchronous_commit" = "on"
    "max_connections"    = tostring(var.connections_max)
    # Nodes set shorter ones themselves; these are for whoever forgets.
    "idle_in_transaction_session_timeout" = "10000"
    "statement_timeout"                   = "60000"
    # Where a sale stood still is read from these.
    "log_lock_waits"             = "1"
    "log_min_duration_statement" = "1000"
    "log_connections"            = "1"
    "log_disconnections"         = "1"
    # One row an item is written all day long: it must be swept often.
    "autovacuum_naptime" = "5"
  }
  replica_name = "${var.name}-replica"
}

resource "aws_db_instance" "primary" {
  #checkov:skip=CKV_AWS_157:A switch: `tiny` has one machine, the others two; their tests assert it.
  #checkov:skip=CKV_AWS_161:Nodes sign in with a word; the rights of a person's IAM identity must not reach into the journal.
  #checkov:skip=CKV2_AWS_69:rds.force_ssl is among `parameters`, in a loop that is not read here; a test asserts it.
  identifier     = var.name
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.instance_class
  db_name        = "miaosha"
  username       = "miaosha"
  password       = var.password
  port           = 5432

  storage_type          = "gp3"
  allocated_storage     = var.storage_gb
  max_allocated_storage = var.storage_gb * 5
  storage_encrypted     = true
  kms_key_id            = var.key_arn

  multi_az               = var.multi_az
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [var.group]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.backup_days
  backup_window             = "02:00-03:00"
  maintenance_window        = "tue:03:30-tue:04:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.protected
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-last"

  auto_minor_version_upgrade      = true
  allow_major_version_upgrade     = false
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.key_arn
  monitoring_interval             = 15
  monitoring_role_arn             = aws_iam_role.monitoring.arn

  # The log must be there, encrypted and bounded, before the server writes to it.
  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_db_instance" "replica" {
  #checkov:skip=CKV_AWS_157:A replica that is lost is made anew; nodes read from the primary meanwhile.
  #checkov:skip=CKV2_AWS_69:rds.force_ssl is among `parameters`, in a loop that is not read here; a test asserts it.
  count                 = var.replica ? 1 : 0
  identifier            = local.replica_name
  replicate_source_db   = aws_db_instance.primary.identifier
  instance_class        = var.instance_class
  storage_type          = "gp3"
  max_allocated_storage = var.storage_gb * 5
  # Under the primary's key: in one region AWS refuses to be told which.
  storage_encrypted      = true
  publicly_accessible    = false
  vpc_security_group_ids = [var.group]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  maintenance_window     = "wed:03:30-wed:04:30"
  copy_tags_to_snapshot  = true
  deletion_protection    = var.protected
  # A replica has nothing that the primary has not.
  skip_final_snapshot = true

  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.key_arn
  monitoring_interval             = 15
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  depends_on                      = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(flatten([for id in concat([var.name], var.replica ? [local.replica_name] : []) : [for log in ["postgresql", "upgrade"] : "/aws/rds/instance/${id}/${log}"]]))
  name              = each.key
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_iam_role" "monitoring" {
  name        = "${var.name}-journal-monitoring"
  description = "Lets RDS write the figures of its machine."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
