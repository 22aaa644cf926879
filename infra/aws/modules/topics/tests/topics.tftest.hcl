mock_provider "aws" {
  source = "../../testing"
}

variables {
  name       = "miaosha-test"
  key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/k"
  pages_to   = ["night@shop.example"]
  tickets_to = ["day@shop.example", "desk@shop.example"]
}

run "alarms_reach_people_and_nobody_else_speaks" {
  assert {
    condition     = length(aws_sns_topic_subscription.letter) == 3
    error_message = "Everybody who is named is written to."
  }
  assert {
    condition     = alltrue([for p in aws_sns_topic_policy.this : jsondecode(p.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"])
    error_message = "Services speak for our account alone."
  }
  assert {
    condition     = alltrue([for p in aws_sns_topic_policy.this : toset(jsondecode(p.policy).Statement[0].Action) == toset(["sns:Publish", "sns:GetTopicAttributes"])])
    error_message = "They speak, and see where, and no more."
  }
  assert {
    condition     = alltrue([for t in aws_sns_topic.this : t.kms_master_key_id == var.key_arn])
    error_message = "Encrypted."
  }
}

run "eventbridge_speaks_only_where_it_is_wanted" {
  assert {
    condition     = alltrue([for p in aws_sns_topic_policy.this : !strcontains(p.policy, "events.amazonaws.com")])
    error_message = "Everybody's rules would speak."
  }
}

run "and_there_without_a_condition_that_it_does_not_meet" {
  variables {
    hears_events = true
  }
  assert {
    condition     = alltrue([for p in aws_sns_topic_policy.this : [for s in jsondecode(p.policy).Statement : !can(s.Condition) if s.Principal.Service == ["events.amazonaws.com"]] == [true]])
    error_message = "EventBridge names no account to a topic."
  }
}

run "alarms_that_reach_nobody_are_refused" {
  command = plan
  variables {
    pages_to = []
  }
  expect_failures = [var.pages_to]
}
