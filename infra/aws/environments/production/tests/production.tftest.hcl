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
  provider_url  = "https://pay.example"
}

run "it_holds_three_hundred_thousand_sockets_with_a_zone_lost" {
  assert {
    condition     = output.sizes.sockets == 480000
    error_message = "Twelve doors of 40,000."
  }
  assert {
    condition     = output.sizes.sockets * 2 / 3 >= 300000
    error_message = "A lost zone takes a third, and the rest must hold everybody."
  }
  assert {
    condition     = output.sizes.queue >= 20 * 20000
    error_message = "Twenty seconds of 20,000 claims wait on the queue, were each a message of its own."
  }
  assert {
    condition     = output.sizes.connections + 20 <= 1000
    error_message = "All nodes of two releases, and people, find a connection to the journal."
  }
}

run "a_provider_without_tls_is_refused" {
  command = plan
  variables {
    provider_url = "http://pay.example"
  }
  expect_failures = [var.provider_url]
}
