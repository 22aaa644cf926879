mock_provider "aws" {
  source = "../../testing"
}

variables {
  name             = "miaosha-test"
  key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/k"
  zones            = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat_per_zone     = true
  private_services = ["sqs", "logs"]
  log_days         = 30
}

run "the_edge_is_the_only_way_in" {
  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.edge.prefix_list_id == "pl-0edge0edge0edge00" &&
      aws_vpc_security_group_ingress_rule.edge.from_port == 443 &&
      aws_vpc_security_group_ingress_rule.edge.to_port == 443
    )
    error_message = "The balancer hears CloudFront on 443 and nobody else."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.flow : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.prefix_list_id == null])
    error_message = "Inside, groups are let in, never addresses."
  }
  assert {
    condition     = alltrue([for kind in [aws_subnet.public, aws_subnet.nodes, aws_subnet.data] : alltrue([for subnet in kind : !subnet.map_public_ip_on_launch])])
    error_message = "Nothing gets a public address by being started."
  }
  assert {
    condition     = length(aws_default_security_group.none.ingress) == 0 && length(aws_default_security_group.none.egress) == 0
    error_message = "The default group lets nobody speak."
  }
}

run "each_speaks_only_with_whom_it_must" {
  assert {
    condition     = toset([for flow in local.flows : flow.from if contains(["postgres", "redis", "rabbitmq"], flow.to)]) == toset(["publisher", "consumer", "general"])
    error_message = "Only nodes ask the journal, the ledger and the queue."
  }
  assert {
    condition     = length([for flow in local.flows : flow if contains(["postgres", "redis", "rabbitmq", "endpoints"], flow.from)]) == 0
    error_message = "Databases and brokers call nobody."
  }
  assert {
    condition     = alltrue([for flow in local.flows : flow.from == "balancer" if flow.door == "readyz"])
    error_message = "The internal door opens for the balancer's question alone."
  }
  assert {
    condition     = length([for a in ["publisher", "consumer", "general"] : a if anytrue([for f in local.flows : f.to == a && f.from != "balancer"])]) == 0
    error_message = "Roles never speak with each other."
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_egress_rule.out)) == toset(["publisher", "consumer", "general", "sandbox"])
    error_message = "Only nodes have a way out."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.out : rule.from_port == 443 && rule.to_port == 443])
    error_message = "Out is TLS and nothing else."
  }
}

run "databases_have_no_way_out" {
  assert {
    condition     = length(aws_route.out) == 3 && length(aws_nat_gateway.this) == 3
    error_message = "Each zone of nodes has a way out of its own."
  }
  assert {
    condition     = length(aws_route_table.data.route) == 0
    error_message = "The data subnets must have no route."
  }
  assert {
    condition     = length(distinct(concat([for s in aws_subnet.public : s.cidr_block], [for s in aws_subnet.nodes : s.cidr_block], [for s in aws_subnet.data : s.cidr_block]))) == 9
    error_message = "Nine subnets, none over another."
  }
}

run "who_spoke_is_written_down" {
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flows.kms_key_id == var.key_arn && aws_cloudwatch_log_group.flows.retention_in_days == 30
    error_message = "All traffic, encrypted, for a bounded time."
  }
  assert {
    condition     = alltrue([for e in aws_vpc_endpoint.private : jsondecode(e.policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"])
    error_message = "Endpoints serve our own account alone."
  }
}

run "one_way_out_where_money_counts" {
  command = plan
  variables {
    nat_per_zone = false
    zones        = ["eu-central-1a", "eu-central-1b"]
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.out) == 2
    error_message = "One NAT gateway, and every zone uses it."
  }
}

run "one_zone_is_refused" {
  command = plan
  variables {
    zones = ["eu-central-1a"]
  }
  expect_failures = [var.zones]
}

run "ec2_takes_what_groups_are_said_to_be" {
  assert {
    condition     = alltrue([for g in concat(values(aws_security_group.this), values(aws_vpc_security_group_ingress_rule.flow)) : can(regex("^[a-zA-Z0-9 ._:/()#,@+=&;{}!$*\\[\\]-]{1,255}$", g.description))])
    error_message = "Letters without an apostrophe: the first apply fails by one."
  }
}
