mock_provider "aws" {
  source = "../../testing"
}

variables {
  name         = "miaosha-test-email"
  about        = "The postman."
  key_arn      = "arn:aws:kms:eu-central-1:123456789012:key/k"
  bucket       = "artifacts"
  code         = "functions/email/1.zip"
  timeout_s    = 10
  parallel_max = 5
  settings     = { A = "1" }
  statements   = [{ Sid = "Work", Effect = "Allow", Action = ["sqs:ReceiveMessage"], Resource = "arn:aws:sqs:eu-central-1:123456789012:q" }]
  log_days     = 30
}

run "it_is_small_bounded_and_on_graviton" {
  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["arm64"]) && aws_lambda_function.this.runtime == "provided.al2023"
    error_message = "arm64, our own binary."
  }
  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 5 && aws_lambda_function.this.timeout == 10
    error_message = "Bounded in number and in time."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.kms_key_id == var.key_arn && aws_lambda_function.this.kms_key_arn == var.key_arn
    error_message = "Log and settings are encrypted, and the log ends."
  }
}

run "it_may_do_what_it_must" {
  assert {
    condition     = alltrue(flatten([for s in jsondecode(output.policy).Statement : [for a in flatten([s.Action]) : !strcontains(a, "*")]]))
    error_message = "No action with a wildcard."
  }
  assert {
    condition     = [for s in jsondecode(output.policy).Statement : s.Sid if s.Resource == "*"] == ["Trace"]
    error_message = "Only traces, which AWS lets nobody narrow."
  }
}

run "without_a_bound_it_is_refused" {
  command = plan
  variables {
    parallel_max = 0
  }
  expect_failures = [var.parallel_max]
}
