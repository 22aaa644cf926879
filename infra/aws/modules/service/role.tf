# What a node may do: fetch itself, say how it is, and what its role needs.

resource "aws_iam_role" "this" {
  name        = local.group_name
  description = "Nodes of ${var.role}."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_instance_profile" "this" {
  name = local.group_name
  role = aws_iam_role.this.name
}

resource "aws_iam_role_policy" "this" {
  name = "node"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # AWS knows no narrower resource for these.
        Sid    = "SignInTracesSessions"
        Effect = "Allow"
        Action = [
          "ecr:GetAuthorizationToken", "xray:PutTraceSegments", "xray:PutTelemetryRecords", "ssm:UpdateInstanceInformation",
          "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
        ]
        Resource = "*"
      },
      {
        Sid      = "Pull"
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arn
      },
      {
        Sid      = "Secrets"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.secret_arns
      },
      {
        Sid      = "Trust"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:aws:s3:::${var.artifacts_bucket}/trust/rds-${local.region}.pem"
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.key_arn
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*", "${aws_cloudwatch_log_group.metrics.arn}:*"]
      },
      {
        Sid      = "Metrics"
        Effect   = "Allow"
        Action   = "aps:RemoteWrite"
        Resource = var.prometheus.arn
      },
      {
        # Only of this group, whose unique number nobody knows before it is there.
        Sid      = "SayGoodbye"
        Effect   = "Allow"
        Action   = "autoscaling:CompleteLifecycleAction"
        Resource = "arn:aws:autoscaling:${local.region}:${data.aws_caller_identity.this.account_id}:autoScalingGroup:*:autoScalingGroupName/${local.group_name}"
      },
    ], var.statements)
  })
}

data "aws_caller_identity" "this" {}
