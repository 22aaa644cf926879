output "url" {
  description = "The shop."
  value       = module.shop.url
}

output "deploy" {
  description = "Variables of this environment at GitHub."
  value       = module.shop.deploy
}

output "sale_is_over_rule_arn" {
  description = "For `.github/scripts/sale-is-over.sh`."
  value       = module.shop.sale_is_over_rule_arn
}

output "nat_addresses" {
  description = "What the payment provider may put on its list."
  value       = module.shop.nat_addresses
}

output "sizes" {
  description = "What SIZING.md counts with."
  value       = module.shop.sizes
}

output "templates" {
  description = "The newest version of each role's launch template: where an apply made one, `roll.sh` brings it to the nodes."
  value       = module.shop.templates
}
