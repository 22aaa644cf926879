# One of our Lambda functions: on Graviton, bounded, with a log that ends and a role that may do what it must.

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_iam_role" "this" {
  name        = var.name
  description = var.about
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "work"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*"
      },
      {
        Sid      = "Settings"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.key_arn
      },
      {
        # AWS knows no narrower resource for traces.
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ], var.statements, local.dead)
  })
}

locals {
  dead = [for arn in var.dead_letters[*] : { Sid = "DeadLetters", Effect = "Allow", Action = "sqs:SendMessage", Resource = arn }]
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:It asks AWS alone, over TLS, by its role; inside the network it would need a way out for the same.
  #checkov:skip=CKV_AWS_272:One role alone may write its code's bucket, and a release compares the digest before it is made live.
  function_name                  = var.name
  description                    = var.about
  role                           = aws_iam_role.this.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = ["arm64"]
  s3_bucket                      = var.bucket
  s3_key                         = var.code
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_s
  reserved_concurrent_executions = var.parallel_max
  kms_key_arn                    = var.key_arn
  publish                        = true
  environment {
    variables = var.settings
  }
  tracing_config {
    mode = "Active"
  }
  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }
  dynamic "dead_letter_config" {
    for_each = var.dead_letters[*]
    content {
      target_arn = dead_letter_config.value
    }
  }
  depends_on = [aws_iam_role_policy.this]
  lifecycle {
    # Code comes by releases.
    ignore_changes = [s3_key, s3_object_version]
  }
}

# Whoever calls the function calls `live`; a release moves it, and moves it back. So settings that an apply changed run only after
# `.github/scripts/function.sh WHICH --settings`, or with the next release.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "What runs."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
  lifecycle {
    ignore_changes = [function_version]
  }
}
