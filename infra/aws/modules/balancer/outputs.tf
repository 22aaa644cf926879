output "origin" {
  description = "Whom the edge asks."
  value       = aws_route53_record.origin.name
}

output "arn" {
  description = "The balancer, for whoever reserves its capacity."
  value       = aws_lb.this.arn
}

output "target_groups" {
  description = "Where the nodes of each role are listed."
  value       = { for role, group in aws_lb_target_group.role : role => group.arn }
}

output "suffixes" {
  description = "Names as alarms want them: the balancer's own, and each role's."
  value = merge(
    { balancer = aws_lb.this.arn_suffix },
    { for role, group in aws_lb_target_group.role : role => group.arn_suffix },
  )
}

output "sale_is_over_rule_arn" {
  description = "The rule that an operator switches by hand."
  value       = aws_lb_listener_rule.sale_is_over.arn
}
