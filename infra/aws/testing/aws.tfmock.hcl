# What AWS would answer, in the right form: ARNs where ARNs stand, so that the checks of the provider itself run too.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}
mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}
mock_data "aws_ec2_managed_prefix_list" {
  defaults = { id = "pl-0edge0edge0edge00" }
}
mock_data "aws_secretsmanager_random_password" {
  defaults = { random_password = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF" }
}
mock_data "aws_ssm_parameter" {
  defaults = { insecure_value = "ami-0123456789abcdef0" }
}
mock_data "aws_cloudfront_cache_policy" {
  defaults = { id = "00000000-0000-0000-0000-000000000000" }
}
mock_data "aws_cloudfront_origin_request_policy" {
  defaults = { id = "00000000-0000-0000-0000-000000000001" }
}
mock_resource "aws_kms_key" {
  defaults = {
    arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }
}
mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::123456789012:role/mock"
  }
}
mock_resource "aws_iam_policy" {
  defaults = {
    arn = "arn:aws:iam::123456789012:policy/mock"
  }
}
mock_resource "aws_iam_openid_connect_provider" {
  defaults = {
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
}
mock_resource "aws_iam_instance_profile" {
  defaults = {
    arn = "arn:aws:iam::123456789012:instance-profile/mock"
  }
}
mock_resource "aws_iam_service_linked_role" {
  defaults = {
    arn = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/mock"
  }
}
mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-central-1:123456789012:mock"
  }
}
mock_resource "aws_sns_topic" {
  defaults = {
    arn = "arn:aws:sns:eu-central-1:123456789012:mock"
  }
}
mock_resource "aws_s3_bucket" {
  defaults = {
    arn = "arn:aws:s3:::mock-bucket"
  }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:eu-central-1:123456789012:log-group:mock"
  }
}
mock_resource "aws_lb" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/mock/0123456789abcdef"
  }
}
mock_resource "aws_lb_listener" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/mock/0123456789abcdef/0123456789abcdef"
  }
}
mock_resource "aws_lb_listener_rule" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener-rule/app/mock/0123456789abcdef/0123456789abcdef/0123456789abcdef"
  }
}
mock_resource "aws_lb_target_group" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/mock/0123456789abcdef"
  }
}
mock_resource "aws_acm_certificate" {
  defaults = {
    domain_validation_options = [{ domain_name = "shop.example", resource_record_name = "_x.shop.example", resource_record_type = "CNAME", resource_record_value = "_y.acm" }]
    arn                       = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  }
}
mock_resource "aws_acm_certificate_validation" {
  defaults = {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  }
}
mock_resource "aws_wafv2_web_acl" {
  defaults = {
    arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/mock/11111111-2222-3333-4444-555555555555"
  }
}
mock_resource "aws_cloudfront_distribution" {
  defaults = {
    arn = "arn:aws:cloudfront::123456789012:distribution/EMOCK"
  }
}
mock_resource "aws_secretsmanager_secret" {
  defaults = {
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mock-abcdef"
  }
}
mock_resource "aws_lambda_function" {
  defaults = {
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:mock"
  }
}
mock_resource "aws_dynamodb_table" {
  defaults = {
    arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/mock"
  }
}
mock_resource "aws_autoscaling_group" {
  defaults = {
    arn = "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:11111111-2222-3333-4444-555555555555:autoScalingGroupName/mock"
  }
}
mock_resource "aws_db_instance" {
  defaults = {
    arn = "arn:aws:rds:eu-central-1:123456789012:db:mock"
  }
}
mock_resource "aws_ecr_repository" {
  defaults = {
    arn = "arn:aws:ecr:eu-central-1:123456789012:repository/mock"
  }
}
mock_resource "aws_prometheus_workspace" {
  defaults = {
    arn = "arn:aws:aps:eu-central-1:123456789012:workspace/ws-mock"
  }
}
mock_resource "aws_scheduler_schedule_group" {
  defaults = {
    arn = "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/mock"
  }
}
mock_resource "aws_mq_broker" {
  defaults = {
    id        = "b-1"
    instances = [{ endpoints = ["amqps://b-1.mq.eu-central-1.amazonaws.com:5671"] }]
    arn       = "arn:aws:mq:eu-central-1:123456789012:broker:mock:b-11111111-2222-3333-4444-555555555555"
  }
}
mock_resource "aws_sesv2_email_identity" {
  defaults = {
    dkim_signing_attributes = { tokens = ["a", "b", "c"] }
    arn                     = "arn:aws:ses:eu-central-1:123456789012:identity/mock"
  }
}
mock_resource "aws_sesv2_configuration_set" {
  defaults = {
    arn = "arn:aws:ses:eu-central-1:123456789012:configuration-set/mock"
  }
}
mock_resource "aws_elasticache_replication_group" {
  defaults = {
    arn = "arn:aws:elasticache:eu-central-1:123456789012:replicationgroup:mock"
  }
}
mock_resource "aws_memorydb_cluster" {
  defaults = {
    arn = "arn:aws:memorydb:eu-central-1:123456789012:cluster/mock"
  }
}
mock_resource "aws_elasticache_user" {
  defaults = {
    arn = "arn:aws:elasticache:eu-central-1:123456789012:user:mock"
  }
}
mock_resource "aws_launch_template" {
  defaults = {
    id             = "lt-0123456789abcdef0"
    latest_version = 1
  }
}
mock_resource "aws_vpc" {
  defaults = { id = "vpc-0123456789abcdef0" }
}
mock_resource "aws_security_group" {
  defaults = { id = "sg-0123456789abcdef0" }
}
mock_resource "aws_cloudfront_function" {
  defaults = {
    arn = "arn:aws:cloudfront::123456789012:function/mock"
  }
}
mock_resource "aws_cloudwatch_log_delivery_destination" {
  defaults = {
    arn = "arn:aws:logs:us-east-1:123456789012:delivery-destination:mock"
  }
}
