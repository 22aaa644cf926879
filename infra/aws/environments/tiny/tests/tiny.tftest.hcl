mock_provider "aws" {
  source = "../../testing"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../testing"
}

variables {
  repository = "shop/miaosha"
  account = {
    repositories      = { for name in ["publisher", "consumer", "general", "provider"] : name => "123456789012.dkr.ecr.eu-central-1.amazonaws.com/miaosha/${name}" }
    artifacts_bucket  = "miaosha-artifacts-123456789012"
    key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/a"
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
  domain        = "shop.example"
  zone_id       = "Z1"
  images        = { for name in ["publisher", "consumer", "general", "provider"] : name => "123456789012.dkr.ecr.eu-central-1.amazonaws.com/miaosha/${name}@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  functions     = { email = "functions/email/1.zip", capacity = "functions/capacity/1.zip" }
  mail_from     = "Shop <orders@shop.example>"
  staff_email   = "staff@shop.example"
  pages_to      = ["night@shop.example"]
  tickets_to    = ["day@shop.example"]
  monthly_limit = 1000
}

run "one_of_each" {
  assert {
    condition     = output.sizes == { sockets = 20000, connections = 48, queue = 40000 }
    error_message = "Small, and within what the smallest journal allows."
  }
  assert {
    condition     = length(output.nat_addresses) == 1
    error_message = "One way out is paid for."
  }
  assert {
    condition     = output.deploy.NAME == "miaosha-tiny" && output.url == "https://shop.example"
    error_message = "Named after its environment."
  }
}
