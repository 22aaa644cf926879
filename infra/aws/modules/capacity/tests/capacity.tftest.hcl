mock_provider "aws" {
  source = "../../testing"
}

variables {
  name             = "miaosha-test"
  key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/k"
  artifacts_bucket = "artifacts"
  code             = "functions/capacity/1.zip"
  balancer_arn     = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/b/0123456789abcdef"
  reserved_units   = 200
  idle_units       = 100
  log_days         = 30
  groups = {
    publisher = { name = "miaosha-test-publisher", min = 2, max = 12 }
    consumer  = { name = "miaosha-test-consumer", min = 2, max = 4 }
    general   = { name = "miaosha-test-general", min = 2, max = 8 }
  }
}

run "it_wakes_by_itself" {
  assert {
    condition     = aws_scheduler_schedule.safety_net.schedule_expression == "rate(5 minutes)" && jsondecode(aws_scheduler_schedule.safety_net.target[0].input).kind == "look"
    error_message = "Every five minutes it looks."
  }
  assert {
    condition     = aws_scheduler_schedule.safety_net.group_name == "miaosha-test-capacity" && endswith(aws_scheduler_schedule.safety_net.target[0].arn, ":live")
    error_message = "In its own group, and it calls what a release made live."
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds == 3600 && aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 2
    error_message = "Bounded in age and in tries."
  }
}

run "it_is_told_all_that_it_must_know" {
  assert {
    condition = output.settings == {
      MIAOSHA_CAPACITY__GROUPS         = jsonencode(var.groups)
      MIAOSHA_CAPACITY__BALANCER       = var.balancer_arn
      MIAOSHA_CAPACITY__RESERVED_UNITS = "200"
      MIAOSHA_CAPACITY__IDLE_UNITS     = "100"
      MIAOSHA_CAPACITY__SCHEDULES      = "miaosha-test-capacity"
      MIAOSHA_CAPACITY__SCHEDULES_ROLE = aws_iam_role.scheduler.arn
      MIAOSHA_CAPACITY__FUNCTION       = "arn:aws:lambda:eu-central-1:123456789012:function:miaosha-test-capacity:live"
    }
    error_message = "The function reads exactly these."
  }
}

run "it_touches_its_three_groups_alone" {
  assert {
    condition = toset(flatten([for s in jsondecode(module.function.policy).Statement : s.Resource if s.Sid == "Groups"])) == toset([
      for role in ["publisher", "consumer", "general"] :
      "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:*:autoScalingGroupName/miaosha-test-${role}"
    ])
    error_message = "No other group."
  }
  assert {
    condition     = one([for s in jsondecode(module.function.policy).Statement : s.Resource if s.Sid == "Schedules"]) == "arn:aws:scheduler:eu-central-1:123456789012:schedule/miaosha-test-capacity/plan"
    error_message = "It writes its plan, and not what wakes it besides."
  }
  assert {
    condition     = toset([for s in jsondecode(module.function.policy).Statement : s.Sid if s.Resource == "*"]) == toset(["Look", "Trace"])
    error_message = "Only what AWS lets nobody narrow."
  }
  assert {
    condition     = !anytrue([for a in flatten([for s in jsondecode(module.function.policy).Statement : s.Action]) : strcontains(a, "Terminate") || strcontains(a, "*")])
    error_message = "It ends no node itself."
  }
  assert {
    condition     = one([for s in jsondecode(module.function.policy).Statement : s.Condition.StringEquals["iam:PassedToService"] if s.Sid == "PassToScheduler"]) == "scheduler.amazonaws.com"
    error_message = "The role is passed to the scheduler alone."
  }
}

run "a_missing_role_is_refused" {
  command = plan
  variables {
    groups = { publisher = { name = "p", min = 1, max = 1 } }
  }
  expect_failures = [var.groups]
}
