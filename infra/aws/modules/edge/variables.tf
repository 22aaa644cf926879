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

variable "domain" {
  description = "The shop's domain, as in shop.example."
  type        = string
}

variable "zone_id" {
  description = "Its zone at Route 53."
  type        = string
}

variable "origin" {
  description = "The balancer's name."
  type        = string
}

variable "edge_word" {
  description = "What is shown to the balancer."
  type        = string
  sensitive   = true
}

variable "static_bucket" {
  description = "The name of the bucket for the pages; the log's is that with -log behind it."
  type        = string
  validation {
    condition     = length(var.static_bucket) <= 59
    error_message = "At most 59 letters: four more come behind it."
  }
}

variable "media_domain" {
  description = "Where product pictures lie."
  type        = string
}

variable "price_class" {
  description = "In how much of the world the edge stands: PriceClass_100, PriceClass_200 or PriceClass_All."
  type        = string
  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "rates" {
  description = "Requests of one address in five minutes; beyond it 429. Many buyers may stand behind one address: these bound machines, the shop's own limits bound people."
  type = object({
    all     = number
    claims  = number
    sign_in = number
    sockets = number
  })
  validation {
    condition     = alltrue([for rate in values(var.rates) : rate >= 100 && rate <= 2000000])
    error_message = "100 to 2,000,000."
  }
  validation {
    condition     = var.rates.claims <= var.rates.all && var.rates.sockets <= var.rates.all && var.rates.sign_in <= var.rates.claims
    error_message = "Claims and sockets not above all; sign-ins not above claims."
  }
}

variable "log_days" {
  description = "Days for which the firewall's log is kept."
  type        = number
}

variable "global_key_arn" {
  description = "A key in us-east-1 for the firewall's log, which lies there."
  type        = string
}

variable "tickets_to" {
  description = "Addresses that read in the morning what the edge has to say; its alarms live in us-east-1."
  type        = list(string)
}
