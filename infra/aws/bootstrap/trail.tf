# What was done in this account, by whom: every call, and every reading of the state.

module "trail_log" {
  source        = "../modules/bucket"
  bucket        = "${local.name}-trail-${local.account}"
  key_arn       = module.key.arn
  keep_days     = 400
  keep_old_days = 30
  statements = [
    {
      Sid       = "TrailLooks"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = "arn:aws:s3:::${local.name}-trail-${local.account}"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    },
    {
      Sid       = "TrailWrites"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::${local.name}-trail-${local.account}/AWSLogs/${local.account}/*"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account, "s3:x-amz-acl" = "bucket-owner-full-control" } }
    },
  ]
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:Nobody reads a letter for each log file; GuardDuty reads the trail and tells what it finds.
  name                          = local.name
  s3_bucket_name                = module.trail_log.id
  kms_key_id                    = module.key.arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.trail.arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.trail.arn
  event_selector {
    read_write_type           = "All"
    include_management_events = true
    data_resource {
      type   = "AWS::S3::Object"
      values = ["${module.state.arn}/"]
    }
  }
  # Before the bucket lets it in, the trail is refused.
  depends_on = [module.trail_log, aws_iam_role_policy.trail]
}

# The same where it can be searched at once; the bucket keeps it for longer.
resource "aws_cloudwatch_log_group" "trail" {
  name              = "/${local.name}/trail"
  retention_in_days = 90
  kms_key_id        = module.key.arn
}

resource "aws_iam_role" "trail" {
  name        = "${local.name}-trail"
  description = "Writes the trail where it can be searched."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "trail" {
  name = "write"
  role = aws_iam_role.trail.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.trail.arn}:*"
    }]
  })
}

module "topics" {
  source     = "../modules/topics"
  name       = "miaosha-account"
  key_arn    = module.key.arn
  pages_to   = var.tickets_to
  tickets_to = var.tickets_to
  # GuardDuty's findings come that way.
  hears_events = true
}

# What other people's sharpest eyes look at: public buckets, keys that left the house, strange callers.
resource "aws_guardduty_detector" "this" {
  #checkov:skip=CKV2_AWS_3:One region is used; where there is an organisation, it switches the others on.
  enable = true
}

resource "aws_cloudwatch_event_rule" "findings" {
  name          = "${local.name}-findings"
  description   = "What GuardDuty finds, from medium on."
  event_pattern = jsonencode({ source = ["aws.guardduty"], detail-type = ["GuardDuty Finding"], detail = { severity = [{ numeric = [">=", 4] }] } })
}

resource "aws_cloudwatch_event_target" "findings" {
  rule = aws_cloudwatch_event_rule.findings.name
  arn  = module.topics.arns["tickets"]
}

resource "aws_accessanalyzer_analyzer" "this" {
  analyzer_name = local.name
  type          = "ACCOUNT"
}

# Disks are encrypted even where somebody forgets to say so; and nothing in the account is ever a public bucket.
resource "aws_ebs_encryption_by_default" "this" {
  enabled = true
}

resource "aws_s3_account_public_access_block" "this" {
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
