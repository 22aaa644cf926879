mock_provider "aws" {
  source = "../../testing"
}

variables {
  name      = "miaosha-test"
  key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/k"
  subnets   = ["subnet-1", "subnet-2"]
  group     = "sg-1"
  password  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
  node_type = "r7g.large"
  shards    = 3
  replicas  = 1
  log_days  = 30
}

run "the_ledger_speaks_tls_to_whom_it_knows" {
  assert {
    condition = alltrue([for g in aws_elasticache_replication_group.this :
      g.transit_encryption_enabled && g.at_rest_encryption_enabled && g.kms_key_id == var.key_arn && nonsensitive(g.auth_token == var.password)
    ])
    error_message = "Encrypted on the way and at rest, and nobody without the word."
  }
  assert {
    condition     = startswith(jsondecode(nonsensitive(output.urls))[0], "rediss://:")
    error_message = "Nodes must ask over TLS."
  }
}

run "a_lost_master_is_replaced_by_its_replica" {
  assert {
    condition = alltrue([for g in aws_elasticache_replication_group.this :
      g.num_node_groups == 3 && g.replicas_per_node_group == 1 && g.automatic_failover_enabled && g.multi_az_enabled
    ])
    error_message = "Three masters, each with a replica in another zone."
  }
  assert {
    condition     = local.parameters["maxmemory-policy"] == "noeviction" && one([for p in aws_elasticache_parameter_group.this[0].parameter : p.value if p.name == "cluster-enabled"]) == "yes"
    error_message = "A cluster that throws nothing out."
  }
  assert {
    condition     = tolist(output.members) == tolist(["miaosha-test-0001-001", "miaosha-test-0001-002", "miaosha-test-0002-001", "miaosha-test-0002-002", "miaosha-test-0003-001", "miaosha-test-0003-002"])
    error_message = "Alarms must know every server."
  }
}

run "memorydb_by_a_switch" {
  command = plan
  variables {
    kind = "memorydb"
  }
  assert {
    condition     = length(aws_elasticache_replication_group.this) == 0 && alltrue([for c in aws_memorydb_cluster.this : c.tls_enabled && c.kms_key_arn == var.key_arn && c.num_shards == 3])
    error_message = "One of both, and as closed."
  }
  assert {
    condition     = strcontains(aws_memorydb_user.this[0].access_string, "-@dangerous")
    error_message = "The shop's user cannot empty the server."
  }
  assert {
    condition     = output.memorydb == "miaosha-test" && length(output.members) == 0
    error_message = "Alarms ask for the cluster."
  }
}
