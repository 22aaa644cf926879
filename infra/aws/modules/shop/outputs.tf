output "url" {
  description = "The shop."
  value       = local.origin
}

output "deploy" {
  description = "What the workflow `deploy` needs, as variables of the environment at GitHub."
  value = {
    AWS_REGION       = local.region
    AWS_DEPLOY_ROLE  = module.deploy.role_arn
    NAME             = var.name
    STATIC_BUCKET    = module.edge.static_bucket
    DISTRIBUTION     = module.edge.distribution_id
    ARTIFACTS_BUCKET = var.account.artifacts_bucket
    JUDGES           = join(" ", module.observability.judges)
    URL              = local.origin
  }
}

output "sale_is_over_rule_arn" {
  description = "For `.github/scripts/sale-is-over.sh`."
  value       = module.balancer.sale_is_over_rule_arn
}

output "nat_addresses" {
  description = "What the payment provider may put on its list."
  value       = module.network.nat_addresses
}

output "sizes" {
  description = "What SIZING.md counts with, for tests."
  value = {
    sockets     = var.sockets_max * var.roles["publisher"].max
    connections = local.connections
    queue       = var.queue.partitions * var.queue.messages_max
  }
}

output "templates" {
  description = "The newest version of each role's launch template: where an apply made one, `roll.sh` brings it to the nodes."
  value       = { for role, service in module.service : role => service.launch_template_version }
}
