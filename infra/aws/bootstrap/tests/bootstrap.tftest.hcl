mock_provider "aws" {
  source = "../testing"
}

variables {
  repository = "shop/miaosha"
  tickets_to = ["day@shop.example"]
}

run "the_state_has_a_place_of_its_own" {
  assert {
    condition     = output.state_bucket != "" && length(output.account.repositories) == 4
    error_message = "A bucket for the state, and a repository for each image."
  }
}

run "what_is_done_in_the_account_is_written_down" {
  assert {
    condition     = aws_cloudtrail.this.is_multi_region_trail && aws_cloudtrail.this.enable_log_file_validation && aws_cloudtrail.this.kms_key_id == module.key.arn
    error_message = "Everywhere, encrypted, and nobody can change it unseen."
  }
  assert {
    condition     = one([for s in aws_cloudtrail.this.event_selector : s.data_resource[0].values]) == tolist(["${module.state.arn}/"])
    error_message = "Whoever reads the state is written down."
  }
}

run "the_account_forgives_nobody" {
  assert {
    condition     = aws_ebs_encryption_by_default.this.enabled && aws_s3_account_public_access_block.this.block_public_policy && aws_s3_account_public_access_block.this.restrict_public_buckets && aws_guardduty_detector.this.enable
    error_message = "Encrypted by default, no public bucket, watched."
  }
}
