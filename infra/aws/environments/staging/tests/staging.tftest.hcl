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

run "production_in_small" {
  assert {
    condition     = output.sizes == { sockets = 80000, connections = 288, queue = 40000 }
    error_message = "Eighty thousand sockets, and connections within the journal's."
  }
  assert {
    condition     = length(output.nat_addresses) == 3
    error_message = "Three zones, as in production: what a lost zone takes must be seen here first."
  }
  assert {
    condition     = length(split(" ", output.deploy.JUDGES)) <= 10 && strcontains(output.deploy.JUDGES, "miaosha-staging-OwnOversold")
    error_message = "Releases are judged by at most ten alarms, a broken law among them."
  }
}
