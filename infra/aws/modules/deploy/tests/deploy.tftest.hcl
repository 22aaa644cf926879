mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                 = "miaosha-test"
  repository           = "shop/miaosha"
  environment          = "staging"
  oidc_provider_arn    = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  groups               = ["miaosha-test-publisher"]
  launch_template_arns = ["arn:aws:ec2:eu-central-1:123456789012:launch-template/lt-1"]
  node_role_arns       = ["arn:aws:iam::123456789012:role/miaosha-test-publisher"]
  image_parameter_arns = ["arn:aws:ssm:eu-central-1:123456789012:parameter/miaosha-test/publisher/image"]
  function_arns        = ["arn:aws:lambda:eu-central-1:123456789012:function:miaosha-test-email"]
  repository_arns      = ["arn:aws:ecr:eu-central-1:123456789012:repository/miaosha/publisher"]
  artifacts_bucket     = "artifacts"
  static_bucket_arn    = "arn:aws:s3:::miaosha-test-static"
  distribution_arn     = "arn:aws:cloudfront::123456789012:distribution/E1"
  key_arns             = ["arn:aws:kms:eu-central-1:123456789012:key/k"]
}

run "only_its_own_environment_comes_in" {
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:shop/miaosha:environment:staging"
    error_message = "Compared whole: no branch, no pull request, no other environment."
  }
}

run "it_moves_releases_and_nothing_else" {
  assert {
    condition     = alltrue(flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : [for a in flatten([s.Action]) : !strcontains(a, "*")]]))
    error_message = "No action with a wildcard."
  }
  assert {
    condition     = toset([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid if contains(flatten([s.Resource]), "*")]) == toset(["Look", "StartNodes", "SignIn"])
    error_message = "Looking, signing in, and starting nodes by our templates alone."
  }
  assert {
    condition     = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Condition.ArnEquals["ec2:LaunchTemplate"] if s.Sid == "StartNodes"]) == ["arn:aws:ec2:eu-central-1:123456789012:launch-template/lt-1"]
    error_message = "No machine but by our templates."
  }
  assert {
    condition     = !anytrue([for a in flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action]) : startswith(a, "secretsmanager:") || can(regex("^iam:(Put|Attach|Create|Update)", a))])
    error_message = "It reads no secret and changes no permission."
  }
}

run "it_may_what_its_scripts_do" {
  assert {
    # EC2 knows no template where it is asked for tags: a condition on one denies always.
    condition     = one([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Condition if contains(flatten([s.Action]), "ec2:CreateTags")]) == { StringEquals = { "ec2:CreateAction" = "RunInstances" } }
    error_message = "Machines are tagged where they are started, and nowhere else."
  }
  assert {
    condition     = length([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s if s.Action == "ssm:GetParameter" && can(regex("::parameter/aws/service/ami-amazon-linux-latest/", s.Resource))]) == 1
    error_message = "A roll asks for the newest system."
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this.policy).Statement : jsonencode(s.Resource) if contains(flatten([s.Action]), "ecr:BatchGetImage")] == [jsonencode(var.repository_arns)]
    error_message = "Who signed an image is read from our registry."
  }
  assert {
    # `aws lambda wait function-updated` asks GetFunctionConfiguration; -v2 would ask for the code, too.
    condition     = length(setsubtract(["lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:PublishVersion", "lambda:UpdateAlias", "lambda:UpdateFunctionCode"], flatten([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action]))) == 0
    error_message = "A function's code is exchanged and its alias moved."
  }
}

run "where_nothing_is_sold_it_may_test" {
  variables {
    staff_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:staff-abcdef"
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource if s.Action == "secretsmanager:GetSecretValue"] == ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:staff-abcdef"]
    error_message = "One secret: the login of the smoke test."
  }
}
