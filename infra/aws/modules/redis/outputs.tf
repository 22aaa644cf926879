locals {
  endpoint = one(concat(
    aws_elasticache_replication_group.this[*].configuration_endpoint_address,
    [for cluster in aws_memorydb_cluster.this : cluster.cluster_endpoint[0].address],
  ))
  user = var.kind == "memorydb" ? aws_memorydb_user.this[0].user_name : ""
}

output "urls" {
  description = "Where the cluster is asked, as the setting `cluster.redis.urls` wants it."
  value       = jsonencode(["rediss://${local.user}:${var.password}@${local.endpoint}:6379"])
  sensitive   = true
}

output "members" {
  description = "Each server's name, for alarms; none of MemoryDB's, whose cluster is counted as one."
  value = var.kind == "elasticache" ? [
    for pair in setproduct(range(1, var.shards + 1), range(1, var.replicas + 2)) :
    format("%s-%04d-%03d", var.name, pair[0], pair[1])
  ] : []
}

output "memorydb" {
  description = "The cluster's name, where it is MemoryDB; else null."
  value       = one(aws_memorydb_cluster.this[*].name)
}
