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

variable "cidr" {
  description = "The private address range; a /16 leaves each subnet 4,094 addresses."
  type        = string
  default     = "10.90.0.0/16"
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "A range as in 10.90.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones; the broker's cluster needs three."
  type        = list(string)
  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 3 && length(distinct(var.zones)) == length(var.zones)
    error_message = "Two or three different zones: a balancer and a database need two."
  }
}

variable "nat_per_zone" {
  description = "A way out of each zone, so that the loss of one takes nothing from the others; else one for all."
  type        = bool
}

variable "private_services" {
  description = "Services of AWS that are reached inside the network instead of through the way out, as in \"sqs\"."
  type        = set(string)
  default     = []
}

variable "log_days" {
  description = "Days for which it is kept who spoke with whom."
  type        = number
  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400], var.log_days)
    error_message = "One of 7, 14, 30, 60, 90, 180, 365, 400."
  }
}
