variable "name" {
  description = "Stands before the name of everything in here, as in \"miaosha-staging\"."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,21}$", var.name))
    error_message = "Small letters, digits and dashes, 3 to 22 of them: with the longest role behind it a target group allows no more."
  }
}

variable "repository" {
  description = "The repository at GitHub that deploys, as in \"owner/name\"."
  type        = string
}

variable "environment" {
  description = "The environment of that repository that deploys into here, as in \"staging\"."
  type        = string
}

variable "account" {
  description = "What bootstrap made: image repositories by name, the bucket of artifacts, the key of both, and how GitHub shows who it is."
  type = object({
    repositories      = map(string)
    artifacts_bucket  = string
    key_arn           = string
    oidc_provider_arn = string
  })
}

variable "domain" {
  description = "The shop's domain, as in shop.example."
  type        = string
}

variable "zone_id" {
  description = "Its zone at Route 53."
  type        = string
}

variable "zones" {
  description = "Availability zones."
  type        = list(string)
}

variable "images" {
  description = "The images that a new environment begins with, by digest: publisher, consumer, general, and provider where there is a sandbox."
  type        = map(string)
  validation {
    condition     = alltrue([for role in ["publisher", "consumer", "general"] : contains(keys(var.images), role)])
    error_message = "publisher, consumer and general."
  }
}

variable "functions" {
  description = "The code that a new environment begins with: email and capacity."
  type        = object({ email = string, capacity = string })
}

variable "provider_url" {
  description = "The payment provider; null: a sandbox that takes no money."
  type        = string
  validation {
    condition     = var.provider_url == null ? true : startswith(var.provider_url, "https://")
    error_message = "https://: cards and names go there."
  }
}

variable "mail_from" {
  description = "Whom mail is from."
  type        = string
}

variable "staff_email" {
  description = "The first staff login's address."
  type        = string
}

variable "pages_to" {
  description = "Addresses that are woken."
  type        = list(string)
}

variable "tickets_to" {
  description = "Addresses that read in the morning."
  type        = list(string)
}

variable "monthly_limit" {
  description = "US dollars a month, for a ticket before they are spent."
  type        = number
}

variable "days" {
  description = "How long things are kept, in days: logs, and backups of the journal."
  type        = object({ logs = number, backups = number })
}

variable "protected" {
  description = "Whether journal and balancer cannot be deleted before this is switched off and applied."
  type        = bool
}

variable "network" {
  description = "A way out of each zone or one for all; which services of AWS are reached inside."
  type        = object({ nat_per_zone = bool, private_services = set(string) })
}

variable "edge" {
  description = "In how much of the world it stands, and how much one address may ask in five minutes."
  type = object({
    price_class = string
    rates       = object({ all = number, claims = number, sign_in = number, sockets = number })
  })
}

variable "balancer" {
  description = "Capacity units that are there from the beginning, those that lambda-capacity reserves for a sale, and whether the sale is over."
  type        = object({ reserved_units = number, sale_units = number, sale_is_over = bool })
}

variable "roles" {
  description = "Each role's machine, how many there are between sales and at most, and settings beyond the usual."
  type = map(object({
    instance_type = string
    min           = number
    max           = number
    settings      = map(string)
  }))
  validation {
    condition     = toset(keys(var.roles)) == toset(["publisher", "consumer", "general"])
    error_message = "publisher, consumer and general."
  }
}

variable "sockets_max" {
  description = "Sockets of one publisher; one more gets 503."
  type        = number
}

variable "queue" {
  description = "Partitions of the claims queue (the same for ever), and messages that one stores."
  type        = object({ partitions = number, messages_max = number })
}

variable "postgres" {
  description = "The journal's machine, disk, standby, replica, connections."
  type = object({
    instance_class  = string
    storage_gb      = number
    multi_az        = bool
    replica         = bool
    connections_max = number
  })
}

variable "connections_per_node" {
  description = "Connections of one node to the journal: writers and readers each (journal.writers_max, journal.readers_max)."
  type        = object({ writers = number, readers = number })
  default     = { writers = 8, readers = 8 }
}

variable "redis" {
  description = "The ledger's kind, machine, shards and replicas."
  type        = object({ kind = string, node_type = string, shards = number, replicas = number })
}

variable "rabbitmq" {
  description = "The broker's machine, the memory in MiB at which Amazon lets it take nothing more, and whether there are three."
  type        = object({ instance_type = string, memory_limit_mb = number, cluster = bool })
}
