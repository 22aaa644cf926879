# For 300,000 sockets and 20,000 claims a second. SIZING.md shows where each number comes from.

module "shop" {
  source    = "../../modules/shop"
  providers = { aws = aws, aws.us_east_1 = aws.us_east_1 }

  name          = "miaosha-production"
  environment   = "production"
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
  provider_url  = var.provider_url

  days = { logs = 90, backups = 35 }
  network = {
    nat_per_zone     = true
    private_services = ["aps-workspaces", "autoscaling", "ecr.api", "ecr.dkr", "lambda", "logs", "secretsmanager", "sqs", "ssm", "ssmmessages", "xray"]
  }
  edge     = { price_class = "PriceClass_All", rates = { all = 200000, claims = 50000, sign_in = 10000, sockets = 50000 } }
  balancer = { reserved_units = 0, sale_units = 300, sale_is_over = var.sale_is_over }
  roles = {
    publisher = { instance_type = "c7g.large", min = 2, max = 12, settings = {} }
    consumer  = { instance_type = "c7g.xlarge", min = 2, max = 4, settings = {} }
    general   = { instance_type = "c7g.xlarge", min = 2, max = 8, settings = { MIAOSHA_GENERAL__PASSWORDS__PARALLEL = "4" } }
  }
  sockets_max = 40000
  queue       = { partitions = 8, messages_max = 50000 }
  postgres    = { instance_class = "db.r7g.2xlarge", storage_gb = 400, multi_az = true, replica = true, connections_max = 1000 }
  redis       = { kind = "elasticache", node_type = "r7g.large", shards = 3, replicas = 1 }
  rabbitmq    = { instance_type = "mq.m7g.xlarge", memory_limit_mb = 9523, cluster = true }
}
