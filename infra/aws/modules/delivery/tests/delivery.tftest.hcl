mock_provider "aws" {
  source = "../../testing"
}

variables {
  name             = "miaosha"
  repository       = "shop/miaosha"
  artifacts_bucket = "miaosha-artifacts-123456789012"
  state_bucket_arn = "arn:aws:s3:::miaosha-state-123456789012"
  state_key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/s"
  key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/k"
}

run "only_our_repository_comes_in_and_only_from_its_environment" {
  assert {
    condition = alltrue([
      for role, environment in { (aws_iam_role.release.assume_role_policy) = "release", (aws_iam_role.plan.assume_role_policy) = "plan" } :
      jsondecode(role).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:shop/miaosha:environment:${environment}" &&
      jsondecode(role).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    ])
    error_message = "One repository, one environment, compared whole."
  }
  assert {
    condition     = aws_iam_role.release.max_session_duration == 3600 && aws_iam_role.plan.max_session_duration == 3600
    error_message = "A role is lent for an hour."
  }
}

run "no_role_may_more_than_it_must" {
  assert {
    condition = alltrue(flatten([
      for policy in [aws_iam_role_policy.release.policy, aws_iam_role_policy.plan.policy] : [
        for s in jsondecode(policy).Statement : [for action in flatten([s.Action]) : !strcontains(action, "*")]
      ]
    ]))
    error_message = "No action with a wildcard."
  }
  assert {
    condition = toset(flatten([
      for policy in [aws_iam_role_policy.release.policy, aws_iam_role_policy.plan.policy] : [
        for s in jsondecode(policy).Statement : s.Sid if s.Resource == "*"
      ]
    ])) == toset(["SignIn", "LookUp"])
    error_message = "Only what AWS lets nobody narrow."
  }
  assert {
    condition = alltrue(flatten([
      for s in jsondecode(aws_iam_role_policy.plan.policy).Statement : [
        for action in flatten([s.Action]) : can(regex(":(Get|List|Describe|Decrypt)", action))
      ]
    ]))
    error_message = "Whoever plans reads."
  }
}

run "an_image_is_what_its_tag_says_for_ever" {
  assert {
    condition     = alltrue([for r in aws_ecr_repository.this : r.image_tag_mutability == "IMMUTABLE" && r.image_scanning_configuration[0].scan_on_push && r.encryption_configuration[0].encryption_type == "KMS"])
    error_message = "Immutable, scanned, encrypted."
  }
  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.this["publisher"].policy).rules[0].selection.countNumber == 350
    error_message = "Fifty releases of seven parts."
  }
}

run "a_wildcard_repository_is_refused" {
  command = plan
  variables {
    repository = "shop/*"
  }
  expect_failures = [var.repository]
}
