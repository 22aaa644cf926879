# One role: a group of machines, each with one container of ours.
#
# Which image runs is written down in a parameter, not in this plan: a release moves it and rolls the group, and the next plan
# finds it where it is. So a change of infrastructure never brings an old image back.

data "aws_region" "this" {}

locals {
  group_name = "${var.name}-${var.role}"
  region     = data.aws_region.this.name
  node_tags  = { Name = local.group_name, Role = var.role, Environment = var.name }
  settings = merge({
    MIAOSHA_SERVER__STOP_LIMIT = "${var.stop_s}s"
    # The edge and the balancer.
    MIAOSHA_HTTP__TRUSTED_HOPS  = "2"
    MIAOSHA_TELEMETRY__OTLP_URL = "http://127.0.0.1:4318/v1/traces"
    # The internal door: the balancer asks it, and no rule leads there.
    MIAOSHA_SERVER__LISTEN       = "0.0.0.0:5000"
    MIAOSHA_SERVER__ADMIN_LISTEN = "0.0.0.0:5100"
  }, var.settings)
}

resource "aws_ssm_parameter" "image" {
  #checkov:skip=CKV2_AWS_34:The name of an image is no secret, and whoever plans must see it.
  name           = "/${var.name}/${var.role}/image"
  description    = "Which image runs. Releases write it."
  type           = "String"
  insecure_value = var.image
  lifecycle {
    ignore_changes = [insecure_value]
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/${var.role}"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_log_group" "metrics" {
  name              = "/${var.name}/${var.role}/metrics"
  retention_in_days = 7
  kms_key_id        = var.key_arn
}

data "aws_ssm_parameter" "system" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_launch_template" "this" {
  name        = local.group_name
  description = "${var.role}: one container, the whole machine."
  # Amazon Linux 2023 as it was at the last roll: nodes are patched by being rolled. By its id, because Auto Scaling takes no group
  # back whose template names a parameter.
  image_id               = data.aws_ssm_parameter.system.insecure_value
  instance_type          = var.instance_type
  update_default_version = true
  ebs_optimized          = true
  user_data              = base64encode(local.boot)
  vpc_security_group_ids = [var.group]

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }
  metadata_options {
    http_endpoint = "enabled"
    # A word first; and one hop, so that only the machine itself (our container shares its network) hears it.
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }
  monitoring {
    enabled = true
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_type           = "gp3"
      volume_size           = 16
      encrypted             = true
      kms_key_id            = var.key_arn
      delete_on_termination = true
    }
  }
  # A burstable machine that ran out of credits in the middle of a sale would be worse than its price.
  dynamic "credit_specification" {
    for_each = startswith(var.instance_type, "t") ? ["unlimited"] : []
    content {
      cpu_credits = credit_specification.value
    }
  }
  # The provider's own tags reach no node: without the last one the budget sees none of them.
  tag_specifications {
    resource_type = "instance"
    tags          = local.node_tags
  }
  tag_specifications {
    resource_type = "volume"
    tags          = local.node_tags
  }
  lifecycle {
    # A roll brings the newest system, and says which image it was for.
    ignore_changes = [image_id, description]
  }
}

locals {
  boot = templatefile("${path.module}/boot.sh.tftpl", {
    image            = aws_ssm_parameter.image.insecure_value
    region           = local.region
    role             = var.role
    group_name       = local.group_name
    settings         = join("\n", [for name, value in local.settings : "${name}=${value}"])
    secret_arns      = join(" ", var.secret_arns)
    artifacts_bucket = var.artifacts_bucket
    files_max        = var.files_max
    stop_s           = var.stop_s
    log_group        = aws_cloudwatch_log_group.this.name
    agent            = jsonencode(local.agent)
    # Pages of 4 KiB for all sockets together: from 3 GiB on the kernel saves, at 6 GiB it refuses. SIZING.md has the arithmetic.
    tcp_mem_pages = "524288 786432 1572864"
  })
}

resource "aws_autoscaling_group" "this" {
  name                      = local.group_name
  min_size                  = var.nodes.min
  max_size                  = var.nodes.max
  desired_capacity          = var.nodes.min
  vpc_zone_identifier       = var.subnets
  target_group_arns         = [var.target_group_arn]
  health_check_type         = "ELB"
  health_check_grace_period = 180
  default_instance_warmup   = 60
  protect_from_scale_in     = var.protect_from_scale_in
  termination_policies      = ["OldestLaunchTemplate", "OldestInstance"]
  service_linked_role_arn   = var.autoscaling_role_arn
  wait_for_capacity_timeout = "10m"
  # A machine older than this is replaced: what was written on its disk, and by whom, does not outlive it.
  max_instance_lifetime = 30 * 86400
  enabled_metrics       = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupMaxSize"]

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }
  # A new node is there before an old one goes.
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 200
  }
  initial_lifecycle_hook {
    name                 = "drain"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    # Longer than the balancer's two minutes; a node that never says that it is done goes all the same.
    heartbeat_timeout = 240
    default_result    = "CONTINUE"
  }
  dynamic "tag" {
    for_each = local.node_tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }
  lifecycle {
    # How many there are is lambda-capacity's; which version runs is a release's, because a release can go back.
    ignore_changes = [desired_capacity, min_size, launch_template]
  }
  # A node that comes up before it may read its settings, or before they are written, fails.
  depends_on = [aws_iam_role_policy.this, var.after]
}
