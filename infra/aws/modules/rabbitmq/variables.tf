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
  description = "Subnets without a way out; a cluster uses all of them, a single broker the first."
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

variable "instance_type" {
  description = "The machine, as in \"mq.m7g.large\"."
  type        = string
  validation {
    condition     = can(regex("^mq\\.(m5\\.(large|xlarge|2xlarge|4xlarge)|m7g\\.(medium|large|xlarge|2xlarge|4xlarge))$", var.instance_type))
    error_message = "One of m5 or m7g: Amazon MQ makes no new broker of RabbitMQ on less."
  }
}

variable "cluster" {
  description = "Three brokers in three zones; else one, whose loss stops intake until it is back."
  type        = bool
}
