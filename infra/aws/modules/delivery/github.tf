# GitHub comes in without a key: it shows who it is (OIDC), and gets a role for an hour. Each role belongs to one environment
# of the repository, so the people who guard that environment there guard the role here.
#
# No role in here may change infrastructure: `terraform apply` is done by a person. A role that can do that can do everything.

locals {
  issuer = "token.actions.githubusercontent.com"
  trust = {
    for environment in ["release", "plan"] : environment => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${local.issuer}:aud" = "sts.amazonaws.com"
            "${local.issuer}:sub" = "repo:${var.repository}:environment:${environment}"
          }
        }
      }]
    })
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "release" {
  name                 = "${var.name}-release"
  description          = "Puts images and code where deployments find them."
  assume_role_policy   = local.trust["release"]
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "release" {
  name = "push"
  role = aws_iam_role.release.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # AWS knows no narrower resource for this one.
        Sid      = "SignIn"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid    = "Push"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
          "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = [for repository in aws_ecr_repository.this : repository.arn]
      },
      {
        Sid      = "Code"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:GetObject"]
        Resource = ["${module.artifacts.arn}/functions/*", "${module.artifacts.arn}/trust/*"]
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource = var.key_arn
      },
    ]
  })
}

resource "aws_iam_role" "plan" {
  name                 = "${var.name}-plan"
  description          = "Reads the state and says what a change would do; changes nothing."
  assume_role_policy   = local.trust["plan"]
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "plan" {
  #checkov:skip=CKV_AWS_355:Looking up public lists, and a random word: a test names the statements that may have no resource.
  name = "read"
  role = aws_iam_role.plan.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "State"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${var.state_bucket_arn}/*"
      },
      {
        Sid      = "StateList"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = var.state_bucket_arn
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.state_key_arn
      },
      {
        # The sandbox's system.
        Sid      = "Image"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = "arn:aws:ssm:*::parameter/aws/service/ami-amazon-linux-latest/*"
      },
      {
        # What a plan looks up; AWS knows no narrower resource for these.
        Sid    = "LookUp"
        Effect = "Allow"
        Action = [
          "cloudfront:GetCachePolicy", "cloudfront:GetOriginRequestPolicy", "cloudfront:ListCachePolicies",
          "cloudfront:ListOriginRequestPolicies", "ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries",
          "secretsmanager:GetRandomPassword",
        ]
        Resource = "*"
      },
    ]
  })
}
