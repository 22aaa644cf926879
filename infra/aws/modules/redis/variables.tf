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

variable "kind" {
  description = "Who runs it: \"elasticache\", or \"memorydb\", which keeps every write on several disks. The laws ask for neither: the ledger may be lost at any moment."
  type        = string
  default     = "elasticache"
  validation {
    condition     = contains(["elasticache", "memorydb"], var.kind)
    error_message = "elasticache or memorydb."
  }
}

variable "subnets" {
  description = "Subnets without a way out."
  type        = list(string)
}

variable "group" {
  description = "The security group that nodes may reach."
  type        = string
}

variable "password" {
  description = "For the one user. Only the first apply reads it."
  type        = string
  sensitive   = true
}

variable "node_type" {
  description = "The machine without the word before it, on Graviton, as in \"r7g.large\"."
  type        = string
  validation {
    condition     = can(regex("^(t4g|m7g|r7g)\\.", var.node_type))
    error_message = "A Graviton type: t4g, m7g or r7g."
  }
}

variable "shards" {
  description = "Masters; the keys of one sale item lie on one."
  type        = number
  validation {
    condition     = var.shards >= 1 && var.shards <= 20
    error_message = "1 to 20."
  }
}

variable "replicas" {
  description = "Replicas of each master; with none a lost master is away until it is replaced, and claims wait."
  type        = number
  validation {
    condition     = var.replicas >= 0 && var.replicas <= 2
    error_message = "0 to 2."
  }
}

variable "log_days" {
  description = "Days for which its logs are kept."
  type        = number
}
