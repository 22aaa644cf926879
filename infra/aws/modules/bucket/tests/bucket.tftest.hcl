mock_provider "aws" {
  source = "../../testing"
}

variables {
  bucket        = "miaosha-test"
  key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/k"
  keep_old_days = 30
}

run "nobody_outside_reads_it" {
  command = plan
  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy &&
      aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    )
    error_message = "All four locks against the public are shut."
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Access lists of single objects are off."
  }
  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket with something in it is not removed."
  }
}

run "it_is_spoken_to_over_tls_alone" {
  assert {
    condition = one([
      for s in jsondecode(aws_s3_bucket_policy.this.policy).Statement : s.Effect
      if s.Sid == "TlsAlone" && s.Principal == "*" && s.Action == "s3:*" && s.Condition.Bool["aws:SecureTransport"] == "false"
    ]) == "Deny"
    error_message = "Nobody speaks with it in the clear."
  }
}

run "it_is_encrypted_versioned_and_bounded" {
  command = plan
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "Under the key of the environment."
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "What is overwritten can be brought back."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "Old versions go after their days."
  }
}

run "a_log_bucket_forgets" {
  command = plan
  variables {
    key_arn   = null
    keep_days = 90
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Encrypted all the same."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 90
    error_message = "Logs go after their days."
  }
}
