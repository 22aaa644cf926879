# Which request is whose: the same table as in infra/compose/nginx.conf.

locals {
  roles = toset(["publisher", "consumer", "general"])
  rules = {
    # By host, for a shop that embeds the client library and wants to see whom it asks.
    publisher_host = { priority = 10, role = "publisher", host = "publisher.${var.domain}", paths = ["/api/*"], methods = [] }
    consumer_host  = { priority = 11, role = "consumer", host = "consumer.${var.domain}", paths = ["/api/*"], methods = [] }
    general_host   = { priority = 12, role = "general", host = "general.${var.domain}", paths = ["/api/*", "/docs/*"], methods = [] }
    # By path.
    sockets = { priority = 20, role = "publisher", host = null, paths = ["/api/v1/live"], methods = [] }
    claims  = { priority = 21, role = "publisher", host = null, paths = ["/api/v1/sale-items/*/claims"], methods = ["POST"] }
    mine    = { priority = 22, role = "consumer", host = null, paths = ["/api/v1/me/claims", "/api/v1/me/claims/*"], methods = [] }
    shop    = { priority = 30, role = "general", host = null, paths = ["/api/*", "/docs/*"], methods = [] }
  }
  # One rule that is always there: it is switched by whom it listens to, so an operator can do it by hand in a second.
  nobody = "nobody.invalid"
  over = jsonencode({
    type   = "/docs/problems#closed"
    title  = "the sale is over"
    status = 403
    code   = "closed"
  })
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn
  # What no rule names is not for the street: metrics, health, the mailbox; and whoever came around the edge.
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "application/json"
      status_code  = "404"
      message_body = jsonencode({ type = "/docs/problems#not_found", title = "no such thing", status = 404, code = "not_found" })
    }
  }
}

resource "aws_lb_listener_rule" "sale_is_over" {
  listener_arn = aws_lb_listener.this.arn
  priority     = 1
  action {
    type = "fixed-response"
    fixed_response {
      content_type = "application/json"
      status_code  = "403"
      message_body = local.over
    }
  }
  condition {
    host_header {
      values = var.sale_is_over ? [var.domain, "publisher.${var.domain}"] : [local.nobody]
    }
  }
  condition {
    path_pattern {
      values = ["/api/v1/sale-items/*/claims"]
    }
  }
  condition {
    http_request_method {
      values = ["POST"]
    }
  }
  tags = { Name = "${var.name}-sale-is-over" }
}

resource "aws_lb_listener_rule" "role" {
  for_each     = local.rules
  listener_arn = aws_lb_listener.this.arn
  priority     = each.value.priority
  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.role[each.value.role].arn
  }
  condition {
    http_header {
      http_header_name = "X-Miaosha-Edge"
      values           = [var.edge_word]
    }
  }
  condition {
    path_pattern {
      values = each.value.paths
    }
  }
  dynamic "condition" {
    for_each = each.value.host[*]
    content {
      host_header {
        values = [condition.value]
      }
    }
  }
  dynamic "condition" {
    for_each = length(each.value.methods) > 0 ? [each.value.methods] : []
    content {
      http_request_method {
        values = condition.value
      }
    }
  }
}
