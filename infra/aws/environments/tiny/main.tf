# One of each, for trying it out: a few dollars a day. The loss of a machine stops it until the machine is back.

module "shop" {
  source    = "../../modules/shop"
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  name          = "miaosha-tiny"
  environment   = "tiny"
  repository    = var.repository
  account       = var.account
  domain        = var.domain
  zone_id       = var.zone_id
  zones         = ["eu-central-1a", "eu-central-1b"]
  images        = var.images
  functions     = var.functions
  mail_from     = var.mail_from
  staff_email   = var.staff_email
  pages_to      = var.pages_to
  tickets_to    = var.tickets_to
  monthly_limit = var.monthly_limit
  protected     = var.protected
  provider_url  = null

  days     = { logs = 14, backups = 7 }
  network  = { nat_per_zone = false, private_services = [] }
  edge     = { price_class = "PriceClass_100", rates = { all = 20000, claims = 5000, sign_in = 1000, sockets = 5000 } }
  balancer = { reserved_units = 0, sale_units = 0, sale_is_over = var.sale_is_over }
  roles = {
    publisher = { instance_type = "t4g.small", min = 1, max = 1, settings = {} }
    consumer  = { instance_type = "t4g.small", min = 1, max = 1, settings = {} }
    general   = { instance_type = "t4g.small", min = 1, max = 1, settings = {} }
  }
  sockets_max          = 20000
  queue                = { partitions = 4, messages_max = 10000 }
  postgres             = { instance_class = "db.t4g.micro", storage_gb = 20, multi_az = false, replica = false, connections_max = 80 }
  connections_per_node = { writers = 4, readers = 4 }
  redis                = { kind = "elasticache", node_type = "t4g.micro", shards = 1, replicas = 0 }
  rabbitmq             = { instance_type = "mq.m7g.medium", memory_limit_mb = 1843, cluster = false }
}
