output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "public_subnets" {
  description = "For the balancer alone."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "node_subnets" {
  description = "For nodes: a way out, none in."
  value       = [for zone in var.zones : aws_subnet.nodes[zone].id]
  # Whoever starts there finds the way out open.
  depends_on = [
    aws_route.out, aws_route_table_association.nodes, aws_vpc_endpoint.s3, aws_vpc_endpoint.private,
    aws_vpc_security_group_ingress_rule.flow, aws_vpc_security_group_egress_rule.flow, aws_vpc_security_group_egress_rule.out,
  ]
}

output "data_subnets" {
  description = "For databases and brokers: no way out, none in."
  value       = [for zone in var.zones : aws_subnet.data[zone].id]
}

output "groups" {
  description = "Security groups by role: balancer, publisher, consumer, general, sandbox, postgres, redis, rabbitmq."
  value       = { for name, group in aws_security_group.this : name => group.id }
}

output "nat_ids" {
  description = "The ways out, by zone; the payment provider sees their addresses."
  value       = { for zone, nat in aws_nat_gateway.this : zone => nat.id }
}

output "nat_addresses" {
  description = "What the payment provider may put on its list."
  value       = [for address in aws_eip.nat : address.public_ip]
}
