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

variable "subnets" {
  description = "Subnets without a way out, in at least two zones."
  type        = list(string)
}

variable "group" {
  description = "The security group that nodes may reach."
  type        = string
}

variable "password" {
  description = "For the user of the shop. Only the first apply reads it."
  type        = string
  sensitive   = true
}

variable "instance_class" {
  description = "The machine, on Graviton, as in \"db.r7g.2xlarge\"."
  type        = string
  validation {
    condition     = can(regex("^db\\.(t4g|m7g|r7g|m8g|r8g)\\.", var.instance_class))
    error_message = "A Graviton class: db.t4g, m7g, r7g, m8g or r8g."
  }
}

variable "storage_gb" {
  description = "Disk at the beginning, in GiB; it grows by itself up to five times as much. From 400 on it is striped: 12,000 operations a second."
  type        = number
  validation {
    condition     = var.storage_gb >= 20
    error_message = "At least 20."
  }
}

variable "multi_az" {
  description = "A synchronous standby in another zone: a machine's loss then loses nothing that was told."
  type        = bool
}

variable "replica" {
  description = "A replica for reads that may be stale. Never promoted without the check in docs/runbook.md."
  type        = bool
}

variable "connections_max" {
  description = "Connections that the server allows; modules/shop shows that all nodes together need fewer."
  type        = number
  validation {
    condition     = var.connections_max >= 60 && var.connections_max <= 5000
    error_message = "60 to 5000."
  }
}

variable "backup_days" {
  description = "Days back to which the journal can be restored, to the second."
  type        = number
  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "7 to 35 days."
  }
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
}

variable "protected" {
  description = "Whether it cannot be deleted before this is switched off and applied."
  type        = bool
  default     = true
}
