# The same on MemoryDB, behind the switch `kind`.

resource "aws_memorydb_subnet_group" "this" {
  count       = local.memorydb
  name        = var.name
  description = "Where the ledger lies: no way out."
  subnet_ids  = var.subnets
}

resource "aws_memorydb_parameter_group" "this" {
  count       = local.memorydb
  name        = "${var.name}-redis7"
  description = "A cluster that forgets nothing by itself."
  family      = "memorydb_redis7"
  dynamic "parameter" {
    for_each = local.parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_memorydb_user" "this" {
  count     = local.memorydb
  user_name = "${var.name}-shop"
  # Everything but what stops or empties a server.
  access_string = "on ~* &* +@all -@dangerous +info +cluster"
  authentication_mode {
    type      = "password"
    passwords = [var.password]
  }
}

resource "aws_memorydb_acl" "this" {
  count      = local.memorydb
  name       = var.name
  user_names = [aws_memorydb_user.this[0].user_name]
}

resource "aws_memorydb_cluster" "this" {
  count                      = local.memorydb
  name                       = var.name
  description                = "The ledger, the buckets, the bus."
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = "db.${var.node_type}"
  port                       = 6379
  acl_name                   = aws_memorydb_acl.this[0].name
  parameter_group_name       = aws_memorydb_parameter_group.this[0].name
  num_shards                 = var.shards
  num_replicas_per_shard     = var.replicas
  subnet_group_name          = aws_memorydb_subnet_group.this[0].name
  security_group_ids         = [var.group]
  tls_enabled                = true
  kms_key_arn                = var.key_arn
  maintenance_window         = "thu:03:30-thu:04:30"
  auto_minor_version_upgrade = true
  snapshot_retention_limit   = 0
}
