# Production in small: the same parts in the same number of zones, smaller machines, and a payment sandbox.

module "shop" {
  source    = "../../modules/shop"
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  name          = "miaosha-staging"
  environment   = "staging"
  repository    = var.repository
  account       = var.account
  domain        = var.domain
  zone_id       = var.zone_id
  zones         = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  images        = var.images
  functions     = var.functions
  mail_from     = var.mail_from
  staff_email   = var.staff_email
  pages_to      = var.pages_to
  tickets_to    = var.tickets_to
  monthly_limit = var.monthly_limit
  protected     = var.protected
  provider_url  = null

  days     = { logs = 30, backups = 14 }
  network  = { nat_per_zone = true, private_services = ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs"] }
  edge     = { price_class = "PriceClass_100", rates = { all = 20000, claims = 5000, sign_in = 1000, sockets = 5000 } }
  balancer = { reserved_units = 0, sale_units = 100, sale_is_over = var.sale_is_over }
  roles = {
    publisher = { instance_type = "t4g.small", min = 2, max = 4, settings = {} }
    consumer  = { instance_type = "t4g.small", min = 2, max = 2, settings = {} }
    # One node of it plans the demo sale that the smoke test buys from.
    general = { instance_type = "t4g.small", min = 2, max = 3, settings = {} }
  }
  sockets_max = 20000
  queue       = { partitions = 4, messages_max = 10000 }
  postgres    = { instance_class = "db.t4g.medium", storage_gb = 50, multi_az = true, replica = true, connections_max = 400 }
  redis       = { kind = "elasticache", node_type = "t4g.small", shards = 3, replicas = 1 }
  rabbitmq    = { instance_type = "mq.m7g.medium", memory_limit_mb = 1843, cluster = true }
}
