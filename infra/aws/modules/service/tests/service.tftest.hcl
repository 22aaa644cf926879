mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                  = "miaosha-test"
  key_arn               = "arn:aws:kms:eu-central-1:123456789012:key/k"
  role                  = "publisher"
  image                 = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/miaosha/publisher@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  repository_arn        = "arn:aws:ecr:eu-central-1:123456789012:repository/miaosha/publisher"
  instance_type         = "c7g.large"
  subnets               = ["subnet-1", "subnet-2"]
  group                 = "sg-1"
  target_group_arn      = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/p/0123456789abcdef"
  nodes                 = { min = 2, max = 12 }
  protect_from_scale_in = true
  settings              = { MIAOSHA_PUBLISHER__PUSH__SOCKETS_MAX = "60000" }
  secret_arns           = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:nodes-abcdef"]
  artifacts_bucket      = "artifacts"
  prometheus            = { arn = "arn:aws:aps:eu-central-1:123456789012:workspace/ws-1", id = "ws-1" }
  autoscaling_role_arn  = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/r"
  log_days              = 30
}

run "a_node_is_closed_and_encrypted" {
  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Metadata needs a word, and goes no further than the machine."
  }
  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.this.block_device_mappings[0].ebs[0].kms_key_id == var.key_arn
    error_message = "Its disk is under our key."
  }
  assert {
    condition     = alltrue([for word in ["--read-only", "--cap-drop ALL", "no-new-privileges"] : strcontains(local.boot, word)])
    error_message = "The container may do nothing but its work."
  }
  assert {
    condition     = !strcontains(local.boot, "password=") && strcontains(local.boot, "get-secret-value")
    error_message = "Secrets are fetched, not written into what every describer of machines can read."
  }
}

run "a_release_can_go_back_and_a_bill_is_seen" {
  assert {
    condition     = startswith(aws_launch_template.this.image_id, "ami-")
    error_message = "Auto Scaling takes no group back whose template names its system by a parameter."
  }
  assert {
    condition     = alltrue([for spec in aws_launch_template.this.tag_specifications : lookup(spec.tags, "Environment", "") == "miaosha-test"]) && anytrue([for t in aws_autoscaling_group.this.tag : t.key == "Environment" && t.propagate_at_launch])
    error_message = "Nodes and their disks carry the tag by which the budget counts."
  }
}

run "nodes_are_told_apart" {
  assert {
    condition     = strcontains(local.boot, "targets: ['$ADDRESS:5100']") && strcontains(local.boot, "<<SCRAPE\n")
    error_message = "Each node's series have its own address, or they are one and the same."
  }
  assert {
    condition     = strcontains(local.boot, "systemctl stop --no-block amazon-cloudwatch-agent\nsystemctl stop miaosha")
    error_message = "A node that is meant to go is not told of as down."
  }
}

run "it_holds_hundreds_of_thousands_of_sockets" {
  assert {
    condition     = strcontains(local.boot, "--ulimit nofile=200000:200000") && strcontains(local.boot, "net.core.somaxconn = 65535") && strcontains(local.boot, "fs.nr_open = 1048576")
    error_message = "Files and a deep accept queue."
  }
  assert {
    condition     = length(local.boot) < 16384
    error_message = "EC2 takes 16 KiB of instructions and no more."
  }
}

run "it_goes_softly" {
  assert {
    condition     = aws_autoscaling_group.this.initial_lifecycle_hook != null && one(aws_autoscaling_group.this.initial_lifecycle_hook).heartbeat_timeout > 120 + var.stop_s
    error_message = "Auto Scaling waits longer than the balancer and the node together."
  }
  assert {
    condition     = strcontains(local.boot, "docker stop --time 60") && local.settings["MIAOSHA_SERVER__STOP_LIMIT"] == "60s"
    error_message = "Docker waits as long as the program needs."
  }
  assert {
    condition     = aws_autoscaling_group.this.protect_from_scale_in && aws_autoscaling_group.this.instance_maintenance_policy[0].min_healthy_percentage == 100
    error_message = "No node goes before another is there, and none with sockets by itself."
  }
  assert {
    condition     = aws_autoscaling_group.this.min_size == 2 && aws_autoscaling_group.this.max_size == 12 && aws_autoscaling_group.this.health_check_type == "ELB"
    error_message = "Between its bounds; the balancer judges health."
  }
}

run "it_may_do_what_it_must" {
  assert {
    condition     = alltrue(flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : [for a in flatten([s.Action]) : !strcontains(a, "*")]]))
    error_message = "No action with a wildcard."
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid if contains(flatten([s.Resource]), "*")] == ["SignInTracesSessions"]
    error_message = "Only what AWS lets nobody narrow."
  }
}

run "its_log_ends" {
  assert {
    condition     = alltrue([for g in [aws_cloudwatch_log_group.this, aws_cloudwatch_log_group.metrics] : g.retention_in_days <= 30 && g.kms_key_id == var.key_arn])
    error_message = "Bounded and encrypted."
  }
  assert {
    condition     = local.agent.logs.metrics_collected.prometheus.emf_processor.metric_namespace == "Miaosha/miaosha-test" && local.agent.metrics.metrics_destinations.amp.workspace_id == "ws-1"
    error_message = "Metrics go to this environment's own places."
  }
}

run "a_tag_is_refused" {
  command = plan
  variables {
    image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/miaosha/publisher:latest"
  }
  expect_failures = [var.image]
}

run "a_stop_that_the_balancer_would_cut_is_refused" {
  command = plan
  variables {
    stop_s = 120
  }
  expect_failures = [var.stop_s]
}
