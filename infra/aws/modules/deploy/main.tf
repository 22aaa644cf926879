# Who brings a release into this environment: GitHub, for three hours, from one environment of one repository. The role moves
# images, code and pages, and nothing else: it reads no secret (but, where nothing is sold, the staff login of the
# smoke test) and changes nothing of what a node may do.

data "aws_region" "this" {}
data "aws_caller_identity" "this" {}

locals {
  region  = data.aws_region.this.name
  account = data.aws_caller_identity.this.account_id
  issuer  = "token.actions.githubusercontent.com"
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-deploy"
  description          = "Brings releases into ${var.environment}."
  max_session_duration = 10800
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = var.oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = "repo:${var.repository}:environment:${var.environment}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "deploy"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # AWS knows no narrower resource for looking.
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes",
          "cloudwatch:DescribeAlarms", "ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions",
        ]
        Resource = "*"
      },
      {
        Sid      = "Roll"
        Effect   = "Allow"
        Action   = ["autoscaling:StartInstanceRefresh", "autoscaling:CancelInstanceRefresh", "autoscaling:RollbackInstanceRefresh"]
        Resource = [for group in var.groups : "arn:aws:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${group}"]
      },
      {
        Sid      = "NewVersion"
        Effect   = "Allow"
        Action   = "ec2:CreateLaunchTemplateVersion"
        Resource = var.launch_template_arns
      },
      {
        # Auto Scaling asks whether whoever starts a refresh might start such a machine. Only by our templates.
        Sid       = "StartNodes"
        Effect    = "Allow"
        Action    = "ec2:RunInstances"
        Resource  = "*"
        Condition = { ArnEquals = { "ec2:LaunchTemplate" = var.launch_template_arns } }
      },
      {
        # And whether they might give it its tags. EC2 does not say here by which template.
        Sid       = "TagNodes"
        Effect    = "Allow"
        Action    = "ec2:CreateTags"
        Resource  = [for what in ["instance", "volume"] : "arn:aws:ec2:${local.region}:${local.account}:${what}/*"]
        Condition = { StringEquals = { "ec2:CreateAction" = "RunInstances" } }
      },
      {
        Sid      = "WhichSystem"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = "arn:aws:ssm:${local.region}::parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
      },
      {
        Sid       = "PassToNodes"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = var.node_role_arns
        Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
      },
      {
        Sid      = "WhichImage"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter", "ssm:PutParameter"]
        Resource = var.image_parameter_arns
      },
      {
        # AWS knows no narrower resource for this one.
        Sid      = "SignIn"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        # A deployment looks whether we signed what it is told to start.
        Sid      = "Verify"
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arns
      },
      {
        Sid      = "Functions"
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:PublishVersion", "lambda:UpdateAlias", "lambda:UpdateFunctionCode"]
        Resource = flatten([for arn in var.function_arns : [arn, "${arn}:live"]])
      },
      {
        Sid      = "Code"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "arn:aws:s3:::${var.artifacts_bucket}/functions/*"
      },
      {
        Sid      = "Pages"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = "${var.static_bucket_arn}/static/*"
      },
      {
        Sid      = "PagesList"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = var.static_bucket_arn
      },
      {
        Sid      = "Forget"
        Effect   = "Allow"
        Action   = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]
        Resource = var.distribution_arn
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.key_arns
      },
    ], [for arn in var.staff_secret_arn[*] : { Sid = "Smoke", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = arn }])
  })
}
