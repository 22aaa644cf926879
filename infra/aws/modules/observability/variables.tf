variable "name" {
  description = "Stands before the name of everything in here, as in \"miaosha-staging\"."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,21}$", var.name))
    error_message = "Small letters, digits and dashes, 3 to 22 of them: with the longest role behind it a target group allows no more."
  }
}

variable "key_arn" {
  description = "The key of this environment, with which everything at rest is encrypted."
  type        = string
  validation {
    condition     = startswith(var.key_arn, "arn:aws:kms:")
    error_message = "The ARN of a key of KMS."
  }
}

variable "log_days" {
  description = "Days for which Prometheus's own log is kept."
  type        = number
}

variable "monthly_limit" {
  description = "US dollars a month; at four fifths of it, and when it is foreseen to be passed, there is a ticket."
  type        = number
  validation {
    condition     = var.monthly_limit > 0
    error_message = "More than nothing."
  }
}

variable "topics" {
  description = "Where alarms are told: from module `topics`."
  type        = object({ pages = string, tickets = string })
}

variable "balancer" {
  description = "Names of the balancer and its target groups as alarms want them: balancer, publisher, consumer, general."
  type        = map(string)
}

variable "groups" {
  description = "Each role's group, and how many nodes there may be at least and at most."
  type        = map(object({ name = string, min = number, max = number }))
}

variable "sockets_max" {
  description = "Sockets of one publisher (publisher.push.sockets_max)."
  type        = number
}

variable "queue_max" {
  description = "Messages that all partitions of the claims queue store together."
  type        = number
}

variable "postgres" {
  description = "The journal, its replica (null: none), its connections and its disk in GiB."
  type        = object({ id = string, replica_id = string, connections_max = number, storage_gb = number })
}

variable "redis_members" {
  description = "Each server of the ledger, where it is ElastiCache."
  type        = list(string)
}

variable "memorydb" {
  description = "The ledger's cluster, where it is MemoryDB; else null."
  type        = string
}

variable "rabbitmq" {
  description = "The broker's name, the memory at which one of its nodes stops all of them, and whether there are three."
  type        = object({ broker = string, memory_limit_mb = number, cluster = bool })
}

variable "email" {
  description = "The mail's way: queue, dead-letter queue, function, send ledger."
  type        = object({ queue = string, dead_queue = string, function = string, table = string })
}

variable "capacity" {
  description = "lambda-capacity and its dead-letter queue."
  type        = object({ function = string, dead_queue = string })
}

variable "uploads_dead_queue" {
  description = "The dead-letter queue of uploads."
  type        = string
}

variable "nats" {
  description = "The ways out, by zone."
  type        = map(string)
}
