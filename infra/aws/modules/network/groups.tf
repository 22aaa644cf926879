# Who may speak with whom: one table. A line of it is one way out of the asker's group and one way into the asked one's.

data "aws_ec2_managed_prefix_list" "edge" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

locals {
  groups = {
    balancer  = "the balancer: hears the edge, asks the nodes"
    publisher = "publishers: claims in, sockets out"
    consumer  = "consumers: decide"
    general   = "generals: the shop"
    sandbox   = "the payment sandbox of test environments"
    postgres  = "the journal"
    redis     = "the ledger"
    rabbitmq  = "the claims queue and the timers"
    endpoints = "services of AWS inside the network"
  }
  nodes = ["publisher", "consumer", "general"]
  doors = {
    street   = { port = 5000, why = "requests and sockets" }
    readyz   = { port = 5100, why = "is it ready; no rule of the balancer leads here" }
    postgres = { port = 5432, why = "the journal" }
    redis    = { port = 6379, why = "the ledger" }
    rabbitmq = { port = 5671, why = "queue and timers, over TLS" }
    https    = { port = 443, why = "AWS" }
  }
  flows = merge(
    { for role in local.nodes : "balancer-${role}" => { from = "balancer", to = role, door = "street" } },
    { for role in local.nodes : "balancer-${role}-readyz" => { from = "balancer", to = role, door = "readyz" } },
    merge([
      for role in local.nodes : {
        for part in ["postgres", "redis", "rabbitmq"] : "${role}-${part}" => { from = role, to = part, door = part }
      }
    ]...),
    { for role in local.nodes : "${role}-sandbox" => { from = role, to = "sandbox", door = "street" } },
    {
      for role in concat(local.nodes, ["sandbox"]) :
      "${role}-endpoints" => { from = role, to = "endpoints", door = "https" }
    },
  )
}

resource "aws_security_group" "this" {
  for_each    = local.groups
  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-${each.key}" }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "flow" {
  for_each                     = local.flows
  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = local.doors[each.value.door].port
  to_port                      = local.doors[each.value.door].port
  description                  = "${each.value.from}: ${local.doors[each.value.door].why}"
}

resource "aws_vpc_security_group_egress_rule" "flow" {
  for_each                     = local.flows
  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = local.doors[each.value.door].port
  to_port                      = local.doors[each.value.door].port
  description                  = "${each.value.to}: ${local.doors[each.value.door].why}"
}

# The one way in: from CloudFront, over TLS.
resource "aws_vpc_security_group_ingress_rule" "edge" {
  security_group_id = aws_security_group.this["balancer"].id
  prefix_list_id    = data.aws_ec2_managed_prefix_list.edge.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "the edge alone"
}

# Nodes call the payment provider and those services of AWS that have no door inside.
resource "aws_vpc_security_group_egress_rule" "out" {
  for_each          = toset(concat(local.nodes, ["sandbox"]))
  security_group_id = aws_security_group.this[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "the payment provider and AWS, over TLS"
}
