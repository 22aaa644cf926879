# The whole shop: which part needs what of which other. Sizes come from the environments; nothing in here has one.

data "aws_caller_identity" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  region    = data.aws_region.this.name
  sandboxed = var.provider_url == null
  origin    = "https://${var.domain}"
  # Names of buckets are the world's; the account makes them ours.
  bucket = { for what in ["static", "media", "balancer-log"] : what => "${var.name}-${what}-${local.account}" }
  # Every node may open so many, and while a release rolls there are twice as many nodes.
  connections = 2 * sum([for role in var.roles : role.max]) * (var.connections_per_node.writers + var.connections_per_node.readers)
}

module "key" {
  source = "../key"
  name   = var.name
}

module "global_key" {
  source    = "../global-key"
  providers = { aws = aws.us_east_1 }
  name      = var.name
}

module "network" {
  source           = "../network"
  name             = var.name
  key_arn          = module.key.arn
  zones            = var.zones
  nat_per_zone     = var.network.nat_per_zone
  private_services = var.network.private_services
  log_days         = var.days.logs
}

module "secrets" {
  source  = "../secrets"
  name    = var.name
  key_arn = module.key.arn
  # The login of staff, name and word, is the secret `staff` below: this one is its word alone.
  passwords = ["postgres", "redis", "rabbitmq", "edge", "sandbox", "ring", "ring-name", "staff-word"]
  by_hand = {
    # The provider's key is the provider's.
    MIAOSHA_CLUSTER__PAY__KEY = "put the provider's key here"
  }
}

# Two modules name secrets; a name is taken once.
locals {
  secret_names = concat(
    [for word in keys(nonsensitive(module.secrets.passwords)) : "${var.name}/${word}"],
    ["${var.name}/by-hand", aws_secretsmanager_secret.nodes.name, aws_secretsmanager_secret.staff.name],
    aws_secretsmanager_secret.sandbox[*].name,
  )
}

# What every node must know and nobody else: composed here, because only here all of it is known.
resource "aws_secretsmanager_secret" "nodes" {
  name                    = "${var.name}/nodes"
  description             = "Settings of nodes that are secrets. Written by terraform at every apply."
  kms_key_id              = module.key.arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "nodes" {
  secret_id = aws_secretsmanager_secret.nodes.id
  secret_string = jsonencode(merge({
    # 42 letters and an A are 32 bytes in base64 without padding.
    MIAOSHA_KEYS__RING = jsonencode({
      current  = { kid = substr(module.secrets.passwords["ring-name"], 0, 8), secret = "${module.secrets.passwords["ring"]}A" }
      previous = null
    })
    MIAOSHA_JOURNAL__URL         = module.postgres.url
    MIAOSHA_JOURNAL__REPLICA_URL = module.postgres.replica_url
    MIAOSHA_CLUSTER__REDIS__URLS = module.redis.urls
    MIAOSHA_CLUSTER__RABBIT__URL = module.rabbitmq.url
  }, local.sandboxed ? { MIAOSHA_CLUSTER__PAY__KEY = module.secrets.passwords["sandbox"] } : {}))
}

# The first staff login. General alone takes it, at its first start; to the others it would be an unknown setting.
resource "aws_secretsmanager_secret" "staff" {
  name                    = "${var.name}/staff"
  description             = "The first staff login, made up at the first apply."
  kms_key_id              = module.key.arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "staff" {
  secret_id     = aws_secretsmanager_secret.staff.id
  secret_string = jsonencode({ MIAOSHA_STAFF_EMAIL = var.staff_email, MIAOSHA_STAFF_PASSWORD = module.secrets.passwords["staff-word"] })
}

resource "aws_secretsmanager_secret" "sandbox" {
  count                   = local.sandboxed ? 1 : 0
  name                    = "${var.name}/sandbox-settings"
  description             = "What the payment sandbox lets in."
  kms_key_id              = module.key.arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "sandbox" {
  count         = local.sandboxed ? 1 : 0
  secret_id     = aws_secretsmanager_secret.sandbox[0].id
  secret_string = jsonencode({ MIAOSHA_PROVIDER__KEY = module.secrets.passwords["sandbox"] })
}

module "topics" {
  source     = "../topics"
  name       = var.name
  key_arn    = module.key.arn
  pages_to   = var.pages_to
  tickets_to = var.tickets_to
}

module "postgres" {
  source          = "../postgres"
  name            = var.name
  key_arn         = module.key.arn
  subnets         = module.network.data_subnets
  group           = module.network.groups["postgres"]
  password        = module.secrets.passwords["postgres"]
  instance_class  = var.postgres.instance_class
  storage_gb      = var.postgres.storage_gb
  multi_az        = var.postgres.multi_az
  replica         = var.postgres.replica
  connections_max = var.postgres.connections_max
  backup_days     = var.days.backups
  log_days        = var.days.logs
  protected       = var.protected
}

module "redis" {
  source    = "../redis"
  name      = var.name
  key_arn   = module.key.arn
  kind      = var.redis.kind
  subnets   = module.network.data_subnets
  group     = module.network.groups["redis"]
  password  = module.secrets.passwords["redis"]
  node_type = var.redis.node_type
  shards    = var.redis.shards
  replicas  = var.redis.replicas
  log_days  = var.days.logs
}

module "rabbitmq" {
  source        = "../rabbitmq"
  name          = var.name
  key_arn       = module.key.arn
  subnets       = module.network.data_subnets
  group         = module.network.groups["rabbitmq"]
  password      = module.secrets.passwords["rabbitmq"]
  instance_type = var.rabbitmq.instance_type
  cluster       = var.rabbitmq.cluster
}

module "email" {
  source            = "../email"
  name              = var.name
  key_arn           = module.key.arn
  domain            = var.domain
  zone_id           = var.zone_id
  from              = var.mail_from
  artifacts_bucket  = var.account.artifacts_bucket
  code              = var.functions.email
  log_days          = var.days.logs
  tickets_topic_arn = module.topics.arns["tickets"]
}

module "balancer" {
  source         = "../balancer"
  name           = var.name
  vpc_id         = module.network.vpc_id
  subnets        = module.network.public_subnets
  group          = module.network.groups["balancer"]
  domain         = var.domain
  zone_id        = var.zone_id
  edge_word      = module.secrets.passwords["edge"]
  log_bucket     = local.bucket["balancer-log"]
  log_days       = var.days.logs
  sale_is_over   = var.balancer.sale_is_over
  reserved_units = var.balancer.reserved_units
  protected      = var.protected
}

module "edge" {
  source         = "../edge"
  providers      = { aws = aws, aws.us_east_1 = aws.us_east_1 }
  name           = var.name
  key_arn        = module.key.arn
  global_key_arn = module.global_key.arn
  domain         = var.domain
  zone_id        = var.zone_id
  origin         = module.balancer.origin
  edge_word      = module.secrets.passwords["edge"]
  static_bucket  = local.bucket["static"]
  media_domain   = module.media.domain
  price_class    = var.edge.price_class
  rates          = var.edge.rates
  log_days       = var.days.logs
  tickets_to     = var.tickets_to
}

module "media" {
  source           = "../media"
  name             = var.name
  key_arn          = module.key.arn
  bucket           = local.bucket["media"]
  origins          = [local.origin]
  distribution_arn = module.edge.distribution_arn
}

module "sandbox" {
  source         = "../sandbox"
  count          = local.sandboxed ? 1 : 0
  name           = var.name
  key_arn        = module.key.arn
  image          = var.images["provider"]
  repository_arn = local.repository_arns["provider"]
  vpc_id         = module.network.vpc_id
  subnet         = module.network.node_subnets[0]
  group          = module.network.groups["sandbox"]
  secret_arn     = aws_secretsmanager_secret.sandbox[0].arn
  after          = aws_secretsmanager_secret_version.sandbox[*].version_id
}
