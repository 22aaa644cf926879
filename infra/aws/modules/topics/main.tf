# Whom an alarm reaches: `pages` wakes somebody, `tickets` waits for the morning.

data "aws_caller_identity" "this" {}

locals {
  readers = { pages = var.pages_to, tickets = var.tickets_to }
  letters = merge([for topic, people in local.readers : { for who in people : "${topic} ${who}" => { topic = topic, who = who } }]...)
  # Who speaks here, each only for this account.
  speakers = ["cloudwatch.amazonaws.com", "aps.amazonaws.com", "ses.amazonaws.com", "budgets.amazonaws.com"]
  # EventBridge takes no condition here: whoever wants to hear it lets everybody's rules speak.
  events = var.hears_events ? ["events.amazonaws.com"] : []
}

resource "aws_sns_topic" "this" {
  for_each          = local.readers
  name              = "${var.name}-${each.key}"
  kms_master_key_id = var.key_arn
}

resource "aws_sns_topic_policy" "this" {
  for_each = aws_sns_topic.this
  arn      = each.value.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      Sid       = "Alarms"
      Effect    = "Allow"
      Principal = { Service = local.speakers }
      # Amazon's Prometheus also looks at the topic first.
      Action    = ["sns:Publish", "sns:GetTopicAttributes"]
      Resource  = each.value.arn
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
      }], [for service in local.events : {
      Sid       = "Events"
      Effect    = "Allow"
      Principal = { Service = [service] }
      Action    = "sns:Publish"
      Resource  = each.value.arn
    }])
  })
}

resource "aws_sns_topic_subscription" "letter" {
  for_each  = local.letters
  topic_arn = aws_sns_topic.this[each.value.topic].arn
  protocol  = "email"
  endpoint  = each.value.who
}
