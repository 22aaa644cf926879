# A payment provider that takes no money, for environments that sell nothing. One small machine; its record dies with it.

data "aws_region" "this" {}

locals {
  region = data.aws_region.this.name
  host   = "provider.${var.name}.internal"
  boot   = <<-SH
    #!/bin/bash
    set -euo pipefail
    dnf install -y -q docker jq
    systemctl enable --now docker
    install -d -m 0700 /run/miaosha
    umask 077
    aws secretsmanager get-secret-value --region ${local.region} --secret-id ${var.secret_arn} --query SecretString --output text \
      | jq -r 'to_entries[] | "\(.key)=\(.value)"' > /run/miaosha/env
    aws ecr get-login-password --region ${local.region} | docker login --username AWS --password-stdin ${split("/", var.image)[0]}
    docker run --detach --name provider --restart always --network host --cap-drop ALL --security-opt no-new-privileges \
      --env-file /run/miaosha/env --env MIAOSHA_PROVIDER__RECORD=/home/nonroot/record/payments.jsonl ${var.image}
  SH
}

# Looked up here: of a name that only EC2 resolves terraform cannot tell which disk is the root's.
data "aws_ssm_parameter" "system" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_instance" "this" {
  ami                         = data.aws_ssm_parameter.system.insecure_value
  instance_type               = "t4g.micro"
  subnet_id                   = var.subnet
  vpc_security_group_ids      = [var.group]
  iam_instance_profile        = aws_iam_instance_profile.this.name
  associate_public_ip_address = false
  ebs_optimized               = true
  monitoring                  = true
  user_data                   = local.boot
  user_data_replace_on_change = true
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  root_block_device {
    volume_type = "gp3"
    volume_size = 8
    encrypted   = true
    kms_key_id  = var.key_arn
  }
  tags = { Name = "${var.name}-sandbox" }
  lifecycle {
    # A newer system alone is no reason to forget every payment.
    ignore_changes = [ami]
  }
  # It boots once: before it may read its secret, or before there is one, it would fail for good.
  depends_on = [aws_iam_role_policy.this, var.after]
}

resource "aws_route53_zone" "this" {
  name    = "${var.name}.internal"
  comment = "Names for our own machines."
  vpc {
    vpc_id = var.vpc_id
  }
}

resource "aws_route53_record" "this" {
  zone_id = aws_route53_zone.this.zone_id
  name    = local.host
  type    = "A"
  ttl     = 30
  records = [aws_instance.this.private_ip]
}

resource "aws_iam_role" "this" {
  name        = "${var.name}-sandbox"
  description = "The payment sandbox."
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
  name = "${var.name}-sandbox"
  role = aws_iam_role.this.name
}

resource "aws_iam_role_policy" "this" {
  name = "node"
  role = aws_iam_role.this.name
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
        Sid      = "Pull"
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arn
      },
      {
        Sid      = "Secret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.secret_arn
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.key_arn
      },
    ]
  })
}
