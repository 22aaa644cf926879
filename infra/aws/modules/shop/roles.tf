# The three roles, what only one of them may do, and how their number follows the sale.

locals {
  repository_arns = {
    for name, url in var.account.repositories :
    name => "arn:aws:ecr:${local.region}:${local.account}:repository/${join("/", slice(split("/", url), 1, length(split("/", url))))}"
  }
  settings = {
    MIAOSHA_JOURNAL__WRITERS_MAX                  = tostring(var.connections_per_node.writers)
    MIAOSHA_JOURNAL__READERS_MAX                  = tostring(var.connections_per_node.readers)
    MIAOSHA_CLUSTER__MAIL__QUEUE_URL              = module.email.queue_url
    MIAOSHA_CLUSTER__MAIL__REGION                 = local.region
    MIAOSHA_CLUSTER__PAY__URL                     = local.sandboxed ? module.sandbox[0].url : var.provider_url
    MIAOSHA_CLUSTER__RABBIT__CLAIMS__PARTITIONS   = tostring(var.queue.partitions)
    MIAOSHA_CLUSTER__RABBIT__CLAIMS__MESSAGES_MAX = tostring(var.queue.messages_max)
  }
  of_role = {
    publisher = {
      MIAOSHA_PUBLISHER__PUSH__SOCKETS_MAX = tostring(var.sockets_max)
      # Those on their way in and those who ask over HTTP come on top.
      MIAOSHA_HTTP__MAX_CONNECTIONS = tostring(floor(var.sockets_max * 1.1))
    }
    consumer = {}
    general = {
      MIAOSHA_CLUSTER__CAPACITY__FUNCTION = module.capacity.live_arn
      MIAOSHA_CLUSTER__CAPACITY__REGION   = local.region
    }
  }
  # Letters are relayed by consumers, and general's own checks may ask the same.
  letters = [
    {
      Sid      = "Letters"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = module.email.queue_arn
    },
  ]
  may = {
    publisher = []
    consumer  = local.letters
    general = concat(local.letters, [
      # Where staff act, and what reconciles sales.
      {
        Sid      = "TellCapacity"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = module.capacity.live_arn
      },
    ])
  }
}

module "service" {
  source                = "../service"
  for_each              = var.roles
  name                  = var.name
  key_arn               = module.key.arn
  role                  = each.key
  image                 = var.images[each.key]
  repository_arn        = local.repository_arns[each.key]
  instance_type         = each.value.instance_type
  subnets               = module.network.node_subnets
  group                 = module.network.groups[each.key]
  target_group_arn      = module.balancer.target_groups[each.key]
  nodes                 = { min = each.value.min, max = each.value.max }
  files_max             = max(65536, floor(var.sockets_max * 1.25))
  protect_from_scale_in = each.key == "publisher"
  settings              = merge(local.settings, local.of_role[each.key], each.value.settings)
  secret_arns           = concat(local.secret_arns, each.key == "general" ? [aws_secretsmanager_secret.staff.arn] : [])
  after                 = [module.secrets.by_hand_version, aws_secretsmanager_secret_version.nodes.version_id, aws_secretsmanager_secret_version.staff.version_id]
  artifacts_bucket      = var.account.artifacts_bucket
  prometheus            = module.observability.prometheus
  statements            = concat(local.may[each.key], [local.artifacts_key])
  autoscaling_role_arn  = module.key.autoscaling_role_arn
  log_days              = var.days.logs
}

locals {
  # The later one wins. In a sandbox that is what terraform wrote, else what people wrote: the provider's key stands in both.
  secret_arns = local.sandboxed ? [module.secrets.by_hand_arn, aws_secretsmanager_secret.nodes.arn] : [aws_secretsmanager_secret.nodes.arn, module.secrets.by_hand_arn]
  # Images and artifacts lie under the account's key, not this environment's.
  artifacts_key = { Sid = "ArtifactsKey", Effect = "Allow", Action = "kms:Decrypt", Resource = var.account.key_arn }
}

module "capacity" {
  source           = "../capacity"
  name             = var.name
  key_arn          = module.key.arn
  artifacts_bucket = var.account.artifacts_bucket
  code             = var.functions.capacity
  groups           = { for role, size in var.roles : role => { name = "${var.name}-${role}", min = size.min, max = size.max } }
  balancer_arn     = module.balancer.arn
  reserved_units   = var.balancer.sale_units
  idle_units       = var.balancer.reserved_units
  log_days         = var.days.logs
}

module "observability" {
  source             = "../observability"
  name               = var.name
  key_arn            = module.key.arn
  log_days           = var.days.logs
  monthly_limit      = var.monthly_limit
  topics             = module.topics.arns
  balancer           = module.balancer.suffixes
  groups             = { for role, size in var.roles : role => { name = "${var.name}-${role}", min = size.min, max = size.max } }
  sockets_max        = var.sockets_max
  queue_max          = var.queue.partitions * var.queue.messages_max
  postgres           = { id = module.postgres.id, replica_id = module.postgres.replica_id, connections_max = var.postgres.connections_max, storage_gb = var.postgres.storage_gb }
  redis_members      = module.redis.members
  memorydb           = module.redis.memorydb
  rabbitmq           = { broker = module.rabbitmq.broker, memory_limit_mb = var.rabbitmq.memory_limit_mb, cluster = var.rabbitmq.cluster }
  email              = { queue = module.email.queue, dead_queue = module.email.dead_queue, function = module.email.function, table = module.email.table }
  capacity           = { function = module.capacity.function, dead_queue = module.capacity.dead_queue }
  uploads_dead_queue = module.media.dead_queue
  nats               = module.network.nat_ids
}

module "deploy" {
  source               = "../deploy"
  name                 = var.name
  repository           = var.repository
  environment          = var.environment
  oidc_provider_arn    = var.account.oidc_provider_arn
  groups               = [for role in keys(var.roles) : "${var.name}-${role}"]
  launch_template_arns = [for service in module.service : service.launch_template_arn]
  node_role_arns       = [for service in module.service : service.role_arn]
  image_parameter_arns = [for service in module.service : service.image_parameter_arn]
  function_arns        = [module.email.function_arn, module.capacity.function_arn]
  repository_arns      = values(local.repository_arns)
  artifacts_bucket     = var.account.artifacts_bucket
  static_bucket_arn    = module.edge.static_bucket_arn
  distribution_arn     = module.edge.distribution_arn
  key_arns             = [module.key.arn, var.account.key_arn]
  # The smoke test plans a sale and buys from it, where no money flows.
  staff_secret_arn = local.sandboxed ? aws_secretsmanager_secret.staff.arn : null
}

# All nodes together never ask the journal for more connections than it has: said at the plan, not on sale day.
resource "terraform_data" "connections" {
  input = local.connections
  lifecycle {
    precondition {
      condition     = local.connections + 20 <= var.postgres.connections_max
      error_message = "While a release rolls all nodes together may open ${local.connections} connections, and people 20: the journal allows ${var.postgres.connections_max}."
    }
  }
}
