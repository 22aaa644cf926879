mock_provider "aws" {
  source = "../../testing"
}

variables {
  name           = "miaosha-test"
  key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/k"
  image          = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/miaosha/provider@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  repository_arn = "arn:aws:ecr:eu-central-1:123456789012:repository/miaosha/provider"
  vpc_id         = "vpc-1"
  subnet         = "subnet-1"
  group          = "sg-1"
  secret_arn     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:sandbox-abcdef"
}

run "nobody_outside_reaches_it" {
  assert {
    condition     = !aws_instance.this.associate_public_ip_address && aws_instance.this.root_block_device[0].encrypted && aws_instance.this.metadata_options[0].http_tokens == "required"
    error_message = "No public address, an encrypted disk, metadata only with a word."
  }
  assert {
    condition     = output.url == "http://provider.miaosha-test.internal:5000"
    error_message = "A name of our own network."
  }
}

run "terraform_knows_its_image" {
  assert {
    condition     = startswith(aws_instance.this.ami, "ami-")
    error_message = "Of a name that only EC2 resolves nobody can tell which disk is the root's: the apply fails."
  }
}

run "it_may_fetch_itself_and_nothing_else" {
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid if s.Resource == "*"] == ["SignIn"]
    error_message = "Only the sign-in, which AWS lets nobody narrow."
  }
}
