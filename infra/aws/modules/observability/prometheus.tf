# Our own numbers: the rules and alarms of infra/observe as they stand there, so that an alarm means the same on a laptop and here.

locals {
  observe = "${path.module}/../../../observe"
  # Amazon's Prometheus looks at a rule every 30 s at the most often; the alarms' own waiting times stay.
  rules     = { for file in fileset("${local.observe}/rules", "*.yml") : trimsuffix(file, ".yml") => replace(file("${local.observe}/rules/${file}"), "interval: 5s", "interval: 30s") }
  route     = yamldecode(file("${local.observe}/alertmanager.yml"))
  receivers = { pager = var.topics.pages, tickets = var.topics.tickets }
}

resource "aws_cloudwatch_log_group" "prometheus" {
  name              = "/${var.name}/prometheus"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_prometheus_workspace" "this" {
  alias       = var.name
  kms_key_arn = var.key_arn
  logging_configuration {
    log_group_arn = "${aws_cloudwatch_log_group.prometheus.arn}:*"
  }
}

resource "aws_prometheus_rule_group_namespace" "this" {
  for_each     = local.rules
  name         = each.key
  workspace_id = aws_prometheus_workspace.this.id
  data         = each.value
}

resource "aws_prometheus_alert_manager_definition" "this" {
  workspace_id = aws_prometheus_workspace.this.id
  definition = yamlencode({
    alertmanager_config = yamlencode({
      route         = local.route.route
      inhibit_rules = local.route.inhibit_rules
      receivers = [for name, topic in local.receivers : {
        name        = name
        sns_configs = [{ topic_arn = topic, sigv4 = { region = data.aws_region.this.name }, send_resolved = name == "pager" }]
      }]
    })
  })
}

data "aws_region" "this" {}
