# What AWS's own parts tell, and the few numbers of ours by which a release is judged. Each name has its section in
# docs/runbook.md; `cargo xtask test lint` compares.

locals {
  # A bound is told of before it is reached.
  early = 0.8
  own   = "Miaosha/${var.name}"

  alarms = merge(
    local.of_the_balancer, local.of_the_groups, local.of_the_journal, local.of_the_ledger, local.of_memorydb, local.of_the_brokers, local.of_the_queue, local.of_the_mail,
    local.of_the_functions, local.of_the_ways_out, local.of_ours, local.of_ours_by_role,
  )
  # What is the same for nearly all.
  usual = { namespace = null, metric = null, of = null, query = null, stat = "Maximum", above = null, below = null, period = 60, periods = 3, missing = "notBreaching", severity = "ticket", judge = false }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = { for name, alarm in local.alarms : name => merge(local.usual, alarm) }
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.says} docs/runbook.md: ${split("-", each.key)[0]}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = each.value.query != null || startswith(each.value.stat, "p") ? null : each.value.stat
  extended_statistic  = startswith(each.value.stat, "p") ? each.value.stat : null
  comparison_operator = each.value.above != null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.above != null ? each.value.above : each.value.below
  period              = each.value.query != null ? null : each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [each.value.severity == "page" ? var.topics.pages : var.topics.tickets]
  ok_actions          = each.value.severity == "page" ? [var.topics.pages] : []
  dynamic "metric_query" {
    for_each = each.value.query[*]
    content {
      id          = "asked"
      expression  = metric_query.value
      period      = each.value.period
      return_data = true
    }
  }
}

resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_limit)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:Environment$%s", var.name)]
  }
  notification {
    comparison_operator       = "GREATER_THAN"
    threshold                 = 80
    threshold_type            = "PERCENTAGE"
    notification_type         = "ACTUAL"
    subscriber_sns_topic_arns = [var.topics.tickets]
  }
  notification {
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    notification_type         = "FORECASTED"
    subscriber_sns_topic_arns = [var.topics.tickets]
  }
}
