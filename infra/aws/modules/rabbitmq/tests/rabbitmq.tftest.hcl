mock_provider "aws" {
  source = "../../testing"
}

variables {
  name          = "miaosha-test"
  key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/k"
  subnets       = ["subnet-1", "subnet-2", "subnet-3"]
  group         = "sg-1"
  password      = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
  instance_type = "mq.m7g.large"
  cluster       = true
}

run "three_brokers_in_three_zones_and_none_public" {
  assert {
    condition     = aws_mq_broker.this.deployment_mode == "CLUSTER_MULTI_AZ" && length(aws_mq_broker.this.subnet_ids) == 3
    error_message = "A quorum needs three."
  }
  assert {
    condition     = !aws_mq_broker.this.publicly_accessible && toset(aws_mq_broker.this.security_groups) == toset(["sg-1"])
    error_message = "Only nodes reach it."
  }
  assert {
    condition     = aws_mq_broker.this.encryption_options[0].kms_key_id == var.key_arn && !aws_mq_broker.this.encryption_options[0].use_aws_owned_key
    error_message = "Claims lie under our key."
  }
  assert {
    condition     = nonsensitive(output.url) == "amqps://miaosha:${nonsensitive(var.password)}@b-1.mq.eu-central-1.amazonaws.com:5671/%2f"
    error_message = "As the setting cluster.rabbit.url wants it, over TLS."
  }
}

run "it_is_logged_and_patched" {
  assert {
    condition     = aws_mq_broker.this.logs[0].general && aws_mq_broker.this.auto_minor_version_upgrade && !aws_mq_broker.this.apply_immediately
    error_message = "Logged, patched, and changed in its own hour alone."
  }
}

run "one_where_it_may_rest" {
  command = plan
  variables {
    cluster       = false
    instance_type = "mq.m7g.medium"
  }
  assert {
    condition     = aws_mq_broker.this.deployment_mode == "SINGLE_INSTANCE" && length(aws_mq_broker.this.subnet_ids) == 1
    error_message = "One broker in one zone."
  }
}

run "a_machine_on_which_amazon_makes_none_is_refused" {
  command = plan
  variables {
    cluster       = false
    instance_type = "mq.t3.micro"
  }
  expect_failures = [var.instance_type]
}
