mock_provider "aws" {
  source = "../../testing"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../testing"
}

variables {
  name           = "miaosha-test"
  key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/k"
  global_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
  domain         = "shop.example"
  zone_id        = "Z1"
  origin         = "origin.shop.example"
  edge_word      = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
  static_bucket  = "miaosha-test-static"
  media_domain   = "miaosha-test-media.s3.eu-central-1.amazonaws.com"
  price_class    = "PriceClass_100"
  rates          = { all = 20000, claims = 5000, sign_in = 1000, sockets = 10000 }
  log_days       = 30
  tickets_to     = ["day@shop.example"]
}

run "tls_everywhere" {
  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021"
    error_message = "No old TLS from the street."
  }
  assert {
    condition = alltrue(flatten([
      for o in aws_cloudfront_distribution.this.origin : [for c in o.custom_origin_config : c.origin_protocol_policy == "https-only"]
    ]))
    error_message = "And none to the balancer without it."
  }
  assert {
    condition     = contains(["redirect-to-https", "https-only"], aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy) && alltrue([for b in aws_cloudfront_distribution.this.ordered_cache_behavior : contains(["redirect-to-https", "https-only"], b.viewer_protocol_policy)])
    error_message = "Nothing is answered in the clear."
  }
}

run "pages_are_private_and_signed_for" {
  assert {
    condition     = alltrue([for o in aws_cloudfront_distribution.this.origin : o.origin_access_control_id == aws_cloudfront_origin_access_control.bucket.id if o.origin_id != "balancer"])
    error_message = "Buckets answer the edge's signature alone."
  }
  assert {
    condition     = aws_cloudfront_origin_access_control.bucket.signing_behavior == "always"
    error_message = "Every question is signed."
  }
  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].target_origin_id == "static"
    error_message = "What is not asked of the shop is a page."
  }
}

run "nothing_of_the_shop_is_kept_and_no_post_is_repeated" {
  assert {
    condition     = [for b in aws_cloudfront_distribution.this.ordered_cache_behavior : b.path_pattern if b.target_origin_id == "balancer"] == ["/api/*", "/docs/*"]
    error_message = "The API and the documents go to the balancer."
  }
  assert {
    condition     = alltrue([for b in aws_cloudfront_distribution.this.ordered_cache_behavior : length(b.allowed_methods) == 2 if b.target_origin_id != "balancer"])
    error_message = "Buckets are only read."
  }
  assert {
    condition     = alltrue([for o in aws_cloudfront_distribution.this.origin : o.connection_attempts == 1 if o.origin_id == "balancer"])
    error_message = "One try."
  }
}

run "machines_are_bounded" {
  assert {
    condition     = { for name, rule in local.counted : name => rule.limit } == { sign_in = 1000, claims = 5000, sockets = 10000 }
    error_message = "Each kind of request has its rate."
  }
  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == aws_wafv2_web_acl.this.arn && aws_wafv2_web_acl.this.scope == "CLOUDFRONT"
    error_message = "The firewall stands before the edge."
  }
  assert {
    condition     = contains([for rule in aws_wafv2_web_acl.this.rule : rule.name], "AWSManagedRulesKnownBadInputsRuleSet")
    error_message = "Known bad inputs are turned away."
  }
  assert {
    condition     = length(aws_wafv2_web_acl.this.rule) == 6
    error_message = "Two lists, three kinds, and all together."
  }
  assert {
    condition     = toset([for f in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : f.single_header[0].name]) == toset(["authorization", "cookie", "sec-websocket-protocol"])
    error_message = "No token in a log."
  }
}

run "a_browser_is_told_what_it_may" {
  assert {
    condition     = startswith(aws_cloudfront_response_headers_policy.pages.security_headers_config[0].content_security_policy[0].content_security_policy, "default-src 'none'")
    error_message = "Nothing from elsewhere."
  }
  assert {
    condition     = strcontains(aws_cloudfront_function.pages.code, "not-found") && length(aws_cloudfront_function.pages.code) < 10000
    error_message = "The missing page is inside, and the whole fits into CloudFront's 10 KB."
  }
}

run "the_edge_is_watched" {
  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.edge : a.alarm_actions == toset([aws_sns_topic.edge.arn])]) && length(aws_sns_topic_subscription.edge) == 1
    error_message = "Its alarms reach people."
  }
}

run "rates_that_contradict_each_other_are_refused" {
  command = plan
  variables {
    rates = { all = 1000, claims = 5000, sign_in = 1000, sockets = 100 }
  }
  expect_failures = [var.rates]
}
