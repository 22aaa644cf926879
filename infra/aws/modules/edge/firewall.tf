# The firewall at the edge: known bad requests, and machines that ask more than any crowd behind one address.

locals {
  counted = {
    sign_in = { priority = 10, limit = var.rates.sign_in, method = "POST", path = "^/api/v1/(auth/token|users)$" }
    claims  = { priority = 11, limit = var.rates.claims, method = "POST", path = "^/api/v1/sale-items/[^/]+/claims$" }
    sockets = { priority = 12, limit = var.rates.sockets, method = "GET", path = "^/api/v1/live$" }
  }
  # AWS's own lists. What a buyer types (names, addresses) may look like anything, so bodies are not judged here.
  lists = {
    AWSManagedRulesAmazonIpReputationList = 1
    AWSManagedRulesKnownBadInputsRuleSet  = 2
  }
}

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192:The list of known bad inputs is among `lists`, in a loop that is not read here; a test asserts it.
  provider    = aws.us_east_1
  name        = var.name
  description = "Who may not even ask."
  scope       = "CLOUDFRONT"
  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = local.lists
    content {
      name     = rule.key
      priority = rule.value
      override_action {
        none {}
      }
      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = true
      }
    }
  }

  dynamic "rule" {
    for_each = local.counted
    content {
      name     = rule.key
      priority = rule.value.priority
      action {
        block {
          custom_response {
            response_code            = 429
            custom_response_body_key = "too_often"
          }
        }
      }
      statement {
        rate_based_statement {
          limit                 = rule.value.limit
          aggregate_key_type    = "IP"
          evaluation_window_sec = 300
          scope_down_statement {
            and_statement {
              statement {
                regex_match_statement {
                  regex_string = rule.value.path
                  field_to_match {
                    uri_path {}
                  }
                  text_transformation {
                    priority = 0
                    type     = "NONE"
                  }
                }
              }
              statement {
                byte_match_statement {
                  search_string         = rule.value.method
                  positional_constraint = "EXACTLY"
                  field_to_match {
                    method {}
                  }
                  text_transformation {
                    priority = 0
                    type     = "NONE"
                  }
                }
              }
            }
          }
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.key
        sampled_requests_enabled   = true
      }
    }
  }

  rule {
    name     = "all"
    priority = 20
    action {
      block {
        custom_response {
          response_code            = 429
          custom_response_body_key = "too_often"
        }
      }
    }
    statement {
      rate_based_statement {
        limit                 = var.rates.all
        aggregate_key_type    = "IP"
        evaluation_window_sec = 300
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "all"
      sampled_requests_enabled   = true
    }
  }

  custom_response_body {
    key          = "too_often"
    content_type = "APPLICATION_JSON"
    content = jsonencode({
      type = "/docs/problems#too_many_requests", title = "asked too often", status = 429, code = "too_many_requests"
    })
  }
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }
}

resource "aws_cloudwatch_log_group" "firewall" {
  provider = aws.us_east_1
  # The firewall writes into groups of this name alone.
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.global_key_arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  provider                = aws.us_east_1
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]
  # Tokens and sessions are nobody's to read.
  dynamic "redacted_fields" {
    for_each = ["authorization", "cookie", "sec-websocket-protocol"]
    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }
  # What passed is the balancer's to write down.
  logging_filter {
    default_behavior = "DROP"
    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"
      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }
}
