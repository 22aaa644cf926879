mock_provider "aws" {
  source = "../../testing"
}

variables {
  name = "miaosha-test"
}

run "only_this_accounts_log_and_alarms_use_it" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "It turns, and dies slowly."
  }
  assert {
    condition     = alltrue([for s in jsondecode(aws_kms_key.this.policy).Statement : can(s.Condition) if s.Sid != "Account"])
    error_message = "A service without a condition works for strangers."
  }
}
