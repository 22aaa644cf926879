# CloudFront tells its numbers in us-east-1 alone, so its alarms stand there, and tell a topic there.

locals {
  alarms = {
    EdgeErrors = {
      namespace = "AWS/CloudFront", metric = "5xxErrorRate", of = { DistributionId = aws_cloudfront_distribution.this.id, Region = "Global" }
      stat      = "Average", above = 5, says = "One answer in twenty at the edge is an error."
    }
    FirewallBlocks = {
      namespace = "AWS/WAFV2", metric = "BlockedRequests", of = { WebACL = aws_wafv2_web_acl.this.name, Rule = "ALL" }
      stat      = "Sum", above = 10000, says = "The firewall turns thousands away: an attack, or a rate that is too low for this crowd."
    }
  }
}

resource "aws_sns_topic" "edge" {
  provider          = aws.us_east_1
  name              = "${var.name}-edge"
  kms_master_key_id = var.global_key_arn
}

resource "aws_sns_topic_subscription" "edge" {
  provider  = aws.us_east_1
  for_each  = toset(var.tickets_to)
  topic_arn = aws_sns_topic.edge.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "edge" {
  provider            = aws.us_east_1
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.says} docs/runbook.md: ${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = each.value.stat
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.edge.arn]
}
