mock_provider "aws" {
  source = "../../testing"
}

variables {
  name = "miaosha-test"
}

run "the_key_turns_and_dies_slowly" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "A key that never changes is one that leaks once and for all."
  }
  assert {
    condition     = aws_kms_key.this.deletion_window_in_days == 30
    error_message = "Whoever deletes the key deletes the journal: there must be a month to notice."
  }
}

run "services_act_for_this_account_alone" {
  assert {
    condition = alltrue([
      for s in jsondecode(aws_kms_key.this.policy).Statement :
      can(s.Condition) || s.Sid == "Account" || s.Sid == "Nodes"
    ])
    error_message = "A service without a condition encrypts and decrypts for strangers."
  }
  assert {
    condition = alltrue([
      for s in jsondecode(aws_kms_key.this.policy).Statement :
      s.Sid == "Account" || !anytrue([for a in flatten([s.Action]) : strcontains(a, "*")])
    ])
    error_message = "Only the account itself may do everything with the key."
  }
}
