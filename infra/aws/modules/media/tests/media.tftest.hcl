mock_provider "aws" {
  source = "../../testing"
}

variables {
  name             = "miaosha-test"
  key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/k"
  bucket           = "miaosha-test-media"
  origins          = ["https://shop.example"]
  distribution_arn = "arn:aws:cloudfront::123456789012:distribution/E1"
}

run "only_our_bucket_tells_of_uploads" {
  assert {
    condition     = jsondecode(aws_sqs_queue_policy.uploads.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:s3:::miaosha-test-media"
    error_message = "No other bucket may fill the queue."
  }
  assert {
    condition     = aws_s3_bucket_notification.this.queue[0].filter_prefix == "uploads/"
    error_message = "What we write ourselves must not wake us again."
  }
  assert {
    condition     = aws_sqs_queue.uploads.kms_master_key_id == var.key_arn && jsondecode(aws_sqs_queue.uploads.redrive_policy).maxReceiveCount == 5
    error_message = "Encrypted, and bounded in tries."
  }
}

run "only_our_pages_upload" {
  assert {
    condition     = aws_s3_bucket_cors_configuration.this.cors_rule != null && alltrue([for r in aws_s3_bucket_cors_configuration.this.cors_rule : r.allowed_origins == toset(["https://shop.example"])])
    error_message = "Our own origin alone."
  }
}

run "anybody_is_refused" {
  command = plan
  variables {
    origins = ["*"]
  }
  expect_failures = [var.origins]
}
