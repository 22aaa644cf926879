mock_provider "aws" {
  source = "../../testing"
}

variables {
  name              = "miaosha-test"
  key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/k"
  domain            = "shop.example"
  zone_id           = "Z1"
  from              = "Shop <orders@shop.example>"
  artifacts_bucket  = "artifacts"
  code              = "functions/email/1.zip"
  log_days          = 30
  tickets_topic_arn = "arn:aws:sns:eu-central-1:123456789012:tickets"
}

run "a_letter_outlasts_four_hours_without_a_carrier_and_is_then_kept_for_people" {
  assert {
    condition     = jsondecode(aws_sqs_queue.mail.redrive_policy).maxReceiveCount * aws_sqs_queue.mail.visibility_timeout_seconds >= 4 * 3600
    error_message = "Tries outlast four hours."
  }
  assert {
    condition     = aws_sqs_queue.dead.message_retention_seconds == 1209600 && aws_sqs_queue.dead.message_retention_seconds > aws_sqs_queue.mail.message_retention_seconds
    error_message = "What failed is kept for two weeks, longer than it waited."
  }
  assert {
    # email.carry_max and twice email.ledger.answer_max.
    condition     = local.function_s > 14
    error_message = "The function has time for all that it may wait for."
  }
  assert {
    condition     = aws_sqs_queue.mail.visibility_timeout_seconds >= 6 * local.function_s
    error_message = "SQS must hide a message for six times the function's limit."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.mail.function_response_types == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.mail.batch_size == 10
    error_message = "One bad letter must not bring nine good ones again."
  }
}

run "everything_is_encrypted_and_the_ledger_is_kept" {
  assert {
    condition     = alltrue([for q in [aws_sqs_queue.mail, aws_sqs_queue.dead] : q.kms_master_key_id == var.key_arn]) && aws_dynamodb_table.sent.server_side_encryption[0].kms_key_arn == var.key_arn
    error_message = "Queues and ledger under our key."
  }
  assert {
    condition     = aws_dynamodb_table.sent.deletion_protection_enabled && aws_dynamodb_table.sent.point_in_time_recovery[0].enabled && aws_dynamodb_table.sent.ttl[0].attribute_name == "forget_at_s"
    error_message = "The ledger is protected, backed up and forgets by itself."
  }
  assert {
    condition     = aws_sesv2_configuration_set.this.delivery_options[0].tls_policy == "REQUIRE"
    error_message = "Letters travel over TLS."
  }
}

run "the_postman_may_only_carry_letters" {
  assert {
    condition = toset(flatten([for s in jsondecode(module.postman.policy).Statement : s.Action])) == toset([
      "logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt", "kms:GenerateDataKey", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
      "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility", "dynamodb:UpdateItem",
      "ses:SendEmail", "ses:SendRawEmail",
    ])
    error_message = "Exactly these actions."
  }
}
