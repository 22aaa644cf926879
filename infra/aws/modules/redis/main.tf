# The ledger, the shared buckets and the bus: fast, and disposable. No backup is taken, because the journal is the backup:
# a ledger brought back from yesterday would only be noticed as one that lost writes, and be rebuilt.

locals {
  elasticache = var.kind == "elasticache" ? 1 : 0
  memorydb    = var.kind == "memorydb" ? 1 : 0
  # Nothing that is counted may be thrown out for want of room; a full server refuses, and claims wait.
  parameters = { maxmemory-policy = "noeviction" }
}

resource "aws_elasticache_subnet_group" "this" {
  count       = local.elasticache
  name        = var.name
  description = "Where the ledger lies: no way out."
  subnet_ids  = var.subnets
}

resource "aws_elasticache_parameter_group" "this" {
  count       = local.elasticache
  name        = "${var.name}-redis7"
  description = "A cluster that forgets nothing by itself."
  family      = "redis7"
  parameter {
    name  = "cluster-enabled"
    value = "yes"
  }
  dynamic "parameter" {
    for_each = local.parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_elasticache_replication_group" "this" {
  count                = local.elasticache
  replication_group_id = var.name
  description          = "The ledger, the buckets, the bus."
  engine               = "redis"
  engine_version       = "7.1"
  node_type            = "cache.${var.node_type}"
  port                 = 6379
  parameter_group_name = aws_elasticache_parameter_group.this[0].name

  num_node_groups            = var.shards
  replicas_per_node_group    = var.replicas
  automatic_failover_enabled = true
  multi_az_enabled           = var.replicas > 0

  subnet_group_name          = aws_elasticache_subnet_group.this[0].name
  security_group_ids         = [var.group]
  at_rest_encryption_enabled = true
  kms_key_id                 = var.key_arn
  transit_encryption_enabled = true
  auth_token                 = var.password
  auth_token_update_strategy = "ROTATE"

  maintenance_window         = "thu:03:30-thu:04:30"
  auto_minor_version_upgrade = true
  snapshot_retention_limit   = 0

  dynamic "log_delivery_configuration" {
    for_each = { slow-log = aws_cloudwatch_log_group.slow[0].name, engine-log = aws_cloudwatch_log_group.engine[0].name }
    content {
      destination      = log_delivery_configuration.value
      destination_type = "cloudwatch-logs"
      log_format       = "json"
      log_type         = log_delivery_configuration.key
    }
  }
}

resource "aws_cloudwatch_log_group" "slow" {
  count             = local.elasticache
  name              = "/${var.name}/redis/slow"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_log_group" "engine" {
  count             = local.elasticache
  name              = "/${var.name}/redis/engine"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}
