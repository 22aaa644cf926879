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

variable "artifacts_bucket" {
  description = "Where the function's code lies."
  type        = string
}

variable "code" {
  description = "The code that a new environment begins with."
  type        = string
}

variable "groups" {
  description = "What grows and shrinks, by role: the group's name, how many nodes it has between sales, how many at most."
  type        = map(object({ name = string, min = number, max = number }))
  validation {
    condition     = toset(keys(var.groups)) == toset(["publisher", "consumer", "general"])
    error_message = "publisher, consumer and general."
  }
}

variable "balancer_arn" {
  description = "Whose capacity is reserved."
  type        = string
}

variable "reserved_units" {
  description = "Capacity units that are reserved for a sale; 0: none."
  type        = number
}

variable "idle_units" {
  description = "The same between sales."
  type        = number
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
}
