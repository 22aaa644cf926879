# Capacity follows the sale: lambda-capacity hears of every planned, moved, extended and closed sale, and sets when the groups
# grow and shrink. It wakes by itself every five minutes too, in case nobody told it.

data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  function = "${var.name}-capacity"
  region   = data.aws_region.this.name
  account  = data.aws_caller_identity.this.account_id
  # A group's unique number is made by AWS; its name is ours.
  group_arns = [
    for group in var.groups :
    "arn:aws:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${group.name}"
  ]
  # Written together, because the function compares them with what stands there: the one list that it works by.
  settings = {
    MIAOSHA_CAPACITY__GROUPS         = jsonencode(var.groups)
    MIAOSHA_CAPACITY__BALANCER       = var.balancer_arn
    MIAOSHA_CAPACITY__RESERVED_UNITS = tostring(var.reserved_units)
    MIAOSHA_CAPACITY__IDLE_UNITS     = tostring(var.idle_units)
    MIAOSHA_CAPACITY__SCHEDULES      = aws_scheduler_schedule_group.this.name
    MIAOSHA_CAPACITY__SCHEDULES_ROLE = aws_iam_role.scheduler.arn
    # Written out: the function's settings come before its alias.
    MIAOSHA_CAPACITY__FUNCTION = "arn:aws:lambda:${local.region}:${local.account}:function:${local.function}:live"
  }
}

module "function" {
  source  = "../function"
  name    = local.function
  about   = "Makes the fleet bigger before a sale and smaller after it."
  key_arn = var.key_arn
  bucket  = var.artifacts_bucket
  code    = var.code
  # Longer than all that it asks AWS at worst: `answer_max` in lambda-capacity/defaults.toml.
  timeout_s = 180
  # One at a time: two that read and write one schedule at once would each undo the other.
  parallel_max = 1
  settings     = local.settings
  dead_letters = aws_sqs_queue.dead.arn
  log_days     = var.log_days
  statements = [
    {
      # AWS knows no narrower resource for looking.
      Sid      = "Look"
      Effect   = "Allow"
      Action   = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScheduledActions", "elasticloadbalancing:DescribeCapacityReservation"]
      Resource = "*"
    },
    {
      Sid    = "Groups"
      Effect = "Allow"
      Action = [
        "autoscaling:PutScheduledUpdateGroupAction", "autoscaling:DeleteScheduledAction",
        "autoscaling:UpdateAutoScalingGroup", "autoscaling:SetInstanceProtection",
      ]
      Resource = local.group_arns
    },
    {
      Sid      = "Balancer"
      Effect   = "Allow"
      Action   = "elasticloadbalancing:ModifyCapacityReservation"
      Resource = var.balancer_arn
    },
    {
      # The plan alone: the safety net lies beside it, and puts right what the function did wrong.
      Sid      = "Schedules"
      Effect   = "Allow"
      Action   = ["scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:GetSchedule"]
      Resource = "arn:aws:scheduler:${local.region}:${local.account}:schedule/${aws_scheduler_schedule_group.this.name}/plan"
    },
    {
      Sid       = "PassToScheduler"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = aws_iam_role.scheduler.arn
      Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
    },
  ]
}

# Calls that failed for good. Where the plan could be remembered the safety net does what is missing; where not, generals tell it again
# within ten minutes.
resource "aws_sqs_queue" "dead" {
  name                              = "${local.function}-dead"
  message_retention_seconds         = 14 * 86400
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name = module.function.name
  qualifier     = module.function.live
  # Told of a sale an hour too late it would act on old news; the safety net reads the newest.
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2
  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
  }
}

# In here lies the newest plan, as the input of the schedule that calls the function when the fleet must grow.
resource "aws_scheduler_schedule_group" "this" {
  name = local.function
}

resource "aws_iam_role" "scheduler" {
  name        = "${local.function}-scheduler"
  description = "Wakes lambda-capacity."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "wake"
  role = aws_iam_role.scheduler.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Wake"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = module.function.live_arn
      },
      {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.dead.arn
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.key_arn
      },
    ]
  })
}

resource "aws_scheduler_schedule" "safety_net" {
  name                = "${local.function}-safety-net"
  description         = "Looks whether what is scheduled is what the sales need."
  group_name          = aws_scheduler_schedule_group.this.name
  schedule_expression = "rate(5 minutes)"
  kms_key_arn         = var.key_arn
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = module.function.live_arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ kind = "look" })
    retry_policy {
      maximum_event_age_in_seconds = 300
      maximum_retry_attempts       = 2
    }
    dead_letter_config {
      arn = aws_sqs_queue.dead.arn
    }
  }
}
