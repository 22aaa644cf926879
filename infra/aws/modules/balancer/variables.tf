variable "name" {
  description = "Stands before the name of everything in here, as in \"miaosha-staging\"."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,21}$", var.name))
    error_message = "Small letters, digits and dashes, 3 to 22 of them: with the longest role behind it a target group allows no more."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnets" {
  description = "Public subnets, in at least two zones."
  type        = list(string)
}

variable "group" {
  description = "The balancer's security group: it hears the edge alone."
  type        = string
}

variable "domain" {
  description = "The shop's domain, as in shop.example."
  type        = string
}

variable "zone_id" {
  description = "Its zone at Route 53."
  type        = string
}

variable "edge_word" {
  description = "What the edge shows in the header X-Miaosha-Edge; without it the balancer forwards nothing."
  type        = string
  sensitive   = true
}

variable "log_bucket" {
  description = "The name of the bucket for its log."
  type        = string
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
}

variable "sale_is_over" {
  description = "Whether claims are answered here, without asking a publisher: the sale is over."
  type        = bool
  default     = false
}

variable "reserved_units" {
  description = "Capacity units that are there before the crowd comes; 0: as AWS scales it. Only the first apply reads it: lambda-capacity moves it."
  type        = number
  default     = 0
  validation {
    condition     = var.reserved_units == 0 || (var.reserved_units >= 100 && var.reserved_units <= 1500)
    error_message = "0, or 100 to 1500: AWS reserves no less, and more only when asked."
  }
}

variable "protected" {
  description = "Whether it cannot be deleted before this is switched off and applied."
  type        = bool
  default     = true
}
