# The balancer: hears the edge over TLS and hands each request to the role that answers it.

resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_28:The firewall stands at the edge, and the balancer hears the edge alone.
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnets
  security_groups            = [var.group]
  enable_deletion_protection = var.protected
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  # The last hop but one is the edge's: nodes count two hops from the right.
  xff_header_processing_mode = "append"
  # Sockets ping every 25 s; nodes wait 75 s for a request and so never close a connection that is just being used.
  idle_timeout = 60

  dynamic "minimum_load_balancer_capacity" {
    for_each = var.reserved_units > 0 ? [var.reserved_units] : []
    content {
      capacity_units = minimum_load_balancer_capacity.value
    }
  }
  access_logs {
    bucket  = module.log.id
    prefix  = "requests"
    enabled = true
  }
  connection_logs {
    bucket  = module.log.id
    prefix  = "connections"
    enabled = true
  }
  lifecycle {
    ignore_changes = [minimum_load_balancer_capacity]
  }
  # It tries whether it may write.
  depends_on = [module.log]
}

data "aws_caller_identity" "this" {}

module "log" {
  source = "../bucket"
  bucket = var.log_bucket
  # The balancer writes with the key of S3 and with no other.
  key_arn       = null
  keep_days     = var.log_days
  keep_old_days = 1
  statements = [{
    Sid       = "BalancerLog"
    Effect    = "Allow"
    Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource = [
      for prefix in ["requests", "connections"] :
      "arn:aws:s3:::${var.log_bucket}/${prefix}/AWSLogs/${data.aws_caller_identity.this.account_id}/*"
    ]
  }]
}

resource "aws_acm_certificate" "this" {
  domain_name               = var.domain
  subject_alternative_names = ["*.${var.domain}"]
  validation_method         = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}

# The domain and its wildcard are proved by one record, the same that the edge's certificate needs.
resource "aws_route53_record" "proof" {
  zone_id         = var.zone_id
  name            = tolist(aws_acm_certificate.this.domain_validation_options)[0].resource_record_name
  type            = tolist(aws_acm_certificate.this.domain_validation_options)[0].resource_record_type
  records         = [tolist(aws_acm_certificate.this.domain_validation_options)[0].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [aws_route53_record.proof.fqdn]
}

resource "aws_route53_record" "origin" {
  zone_id = var.zone_id
  name    = "origin.${var.domain}"
  type    = "A"
  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}

resource "aws_lb_target_group" "role" {
  #checkov:skip=CKV_AWS_378:Our doors speak no TLS: inside the network only the balancer reaches them. docs/deploy.md names it.
  for_each    = local.roles
  name        = "${var.name}-${each.key}"
  port        = 5000
  protocol    = "HTTP"
  target_type = "instance"
  vpc_id      = var.vpc_id
  # A socket is a request that is not over: the node with the fewest gets the next, so a new node fills up.
  load_balancing_algorithm_type = "least_outstanding_requests"
  # Longer than a node takes to tell its sockets to come back (server.stop_limit).
  deregistration_delay = 120
  health_check {
    path                = "/readyz"
    port                = 5100
    protocol            = "HTTP"
    matcher             = "200"
    interval            = 5
    timeout             = 4
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
  lifecycle {
    create_before_destroy = true
  }
}
