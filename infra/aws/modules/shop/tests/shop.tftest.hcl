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

  name         = "miaosha-test"
  environment  = "staging"
  zones        = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  provider_url = null
  protected    = true
  days         = { logs = 30, backups = 14 }
  network      = { nat_per_zone = true, private_services = ["sqs"] }
  edge         = { price_class = "PriceClass_100", rates = { all = 20000, claims = 5000, sign_in = 1000, sockets = 5000 } }
  balancer     = { reserved_units = 0, sale_units = 100, sale_is_over = false }
  roles = {
    publisher = { instance_type = "t4g.small", min = 2, max = 4, settings = {} }
    consumer  = { instance_type = "t4g.small", min = 2, max = 2, settings = {} }
    general   = { instance_type = "t4g.small", min = 2, max = 3, settings = {} }
  }
  sockets_max = 20000
  queue       = { partitions = 4, messages_max = 10000 }
  postgres    = { instance_class = "db.t4g.medium", storage_gb = 50, multi_az = true, replica = true, connections_max = 400 }
  redis       = { kind = "elasticache", node_type = "t4g.small", shards = 3, replicas = 1 }
  rabbitmq    = { instance_type = "mq.m7g.medium", memory_limit_mb = 1843, cluster = true }
}

run "nodes_get_secrets_from_one_place_and_they_are_whole" {
  assert {
    condition = toset(keys(jsondecode(nonsensitive(aws_secretsmanager_secret_version.nodes.secret_string)))) == toset([
      "MIAOSHA_KEYS__RING", "MIAOSHA_JOURNAL__URL", "MIAOSHA_JOURNAL__REPLICA_URL", "MIAOSHA_CLUSTER__REDIS__URLS",
      "MIAOSHA_CLUSTER__RABBIT__URL", "MIAOSHA_CLUSTER__PAY__KEY",
    ])
    error_message = "Every secret that a node asks for, by the name of its setting."
  }
  assert {
    # 43 characters of base64 without padding are 32 bytes, if the last one is an A.
    condition     = can(regex("^[A-Za-z0-9]{42}A$", jsondecode(jsondecode(nonsensitive(aws_secretsmanager_secret_version.nodes.secret_string)).MIAOSHA_KEYS__RING).current.secret))
    error_message = "A key ring that kit::tokens can read."
  }
  assert {
    condition     = length(distinct(local.secret_names)) == length(local.secret_names)
    error_message = "No two secrets of one name."
  }
}

run "a_role_may_only_what_it_does" {
  assert {
    condition     = length(local.may.publisher) == 0 && [for s in local.may.consumer : s.Sid] == ["Letters"]
    error_message = "A publisher asks nothing of AWS; a consumer relays letters."
  }
  assert {
    condition     = contains([for s in local.may.general : s.Sid], "TellCapacity") && local.of_role.general["MIAOSHA_CLUSTER__CAPACITY__FUNCTION"] == module.capacity.live_arn
    error_message = "Generals tell lambda-capacity, and know whom they tell."
  }
  assert {
    condition     = !anytrue(flatten([for role, statements in local.may : [for s in statements : [for a in flatten([s.Action]) : strcontains(a, "*")]]]))
    error_message = "No action with a wildcard."
  }
}

run "a_sandbox_where_nothing_is_sold" {
  assert {
    condition     = length(module.sandbox) == 1 && local.settings["MIAOSHA_CLUSTER__PAY__URL"] == "http://provider.miaosha-test.internal:5000"
    error_message = "No real provider without an address."
  }
}

run "a_journal_without_enough_connections_is_refused" {
  command = plan
  variables {
    postgres = { instance_class = "db.t4g.medium", storage_gb = 50, multi_az = true, replica = true, connections_max = 200 }
  }
  expect_failures = [terraform_data.connections]
}
