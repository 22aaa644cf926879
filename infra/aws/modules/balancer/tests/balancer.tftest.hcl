mock_provider "aws" {
  source = "../../testing"
}

variables {
  name       = "miaosha-test"
  vpc_id     = "vpc-1"
  subnets    = ["subnet-1", "subnet-2"]
  group      = "sg-1"
  domain     = "shop.example"
  zone_id    = "Z1"
  edge_word  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
  log_bucket = "miaosha-test-balancer-log"
  log_days   = 30
}

run "each_request_finds_its_role" {
  assert {
    condition = { for name, rule in local.rules : name => rule.role if rule.host == null } == {
      sockets = "publisher", claims = "publisher", mine = "consumer", shop = "general"
    }
    error_message = "As nginx does it."
  }
  assert {
    condition     = local.rules.claims.methods == ["POST"] && local.rules.claims.priority < local.rules.shop.priority && local.rules.mine.priority < local.rules.shop.priority
    error_message = "A claim is posted, and the shop answers only what nobody before it does."
  }
  assert {
    condition     = length(distinct([for rule in local.rules : rule.priority])) == length(local.rules)
    error_message = "No two rules have one priority."
  }
}

run "nothing_passes_without_the_edges_word" {
  assert {
    condition = alltrue([
      for rule in aws_lb_listener_rule.role : anytrue([
        for c in rule.condition : try(one(c.http_header).values == toset([var.edge_word]), false)
      ])
    ])
    error_message = "Every rule that forwards asks for the word."
  }
  assert {
    condition     = aws_lb_listener.this.default_action[0].type == "fixed-response" && aws_lb_listener.this.default_action[0].fixed_response[0].status_code == "404"
    error_message = "What no rule names is nowhere."
  }
  assert {
    condition     = aws_lb_listener.this.port == 443 && aws_lb_listener.this.protocol == "HTTPS" && strcontains(aws_lb_listener.this.ssl_policy, "TLS13")
    error_message = "TLS 1.2 and 1.3 on 443, and no other listener."
  }
}

run "sockets_live_and_are_told_before_they_are_cut" {
  assert {
    condition     = aws_lb.this.idle_timeout > 25 && aws_lb.this.idle_timeout < 75
    error_message = "Longer than a socket's ping (25 s), shorter than a node keeps an idle connection (75 s)."
  }
  assert {
    condition     = alltrue([for g in aws_lb_target_group.role : g.deregistration_delay == "120" && g.load_balancing_algorithm_type == "least_outstanding_requests" && g.health_check[0].path == "/readyz" && g.health_check[0].port == "5100"])
    error_message = "Two minutes to drain, the emptiest node first, asked on the internal door."
  }
}

run "the_sale_is_not_over" {
  assert {
    condition     = one([for c in aws_lb_listener_rule.sale_is_over.condition : one(c.host_header).values if length(c.host_header) == 1]) == toset(["nobody.invalid"])
    error_message = "The rule is there and listens to nobody."
  }
}

run "the_sale_is_over" {
  variables {
    sale_is_over = true
  }
  assert {
    condition     = contains(one([for c in aws_lb_listener_rule.sale_is_over.condition : one(c.host_header).values if length(c.host_header) == 1]), "shop.example")
    error_message = "Claims are answered here."
  }
  assert {
    condition     = aws_lb_listener_rule.sale_is_over.priority == 1 && jsondecode(aws_lb_listener_rule.sale_is_over.action[0].fixed_response[0].message_body).code == "closed"
    error_message = "Before every other rule, in the words of the publisher."
  }
}

run "it_is_logged_and_protected" {
  assert {
    condition     = aws_lb.this.enable_deletion_protection && aws_lb.this.drop_invalid_header_fields && aws_lb.this.desync_mitigation_mode == "strictest" && aws_lb.this.access_logs[0].enabled && aws_lb.this.connection_logs[0].enabled
    error_message = "Protected, strict, logged."
  }
}

run "too_small_a_reservation_is_refused" {
  command = plan
  variables {
    reserved_units = 50
  }
  expect_failures = [var.reserved_units]
}
