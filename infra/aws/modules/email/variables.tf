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
  description = "The domain that mail comes from; its zone gets the records that prove it."
  type        = string
  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "A domain, as in shop.example."
  }
}

variable "zone_id" {
  description = "The zone of that domain at Route 53."
  type        = string
}

variable "from" {
  description = "Whom mail is from, as in \"Shop <orders@shop.example>\"."
  type        = string
}

variable "artifacts_bucket" {
  description = "Where the function's code lies."
  type        = string
}

variable "code" {
  description = "The code that a new environment begins with."
  type        = string
}

variable "parallel_max" {
  description = "Postmen at one time; ten letters each. SES bounds letters a second: see SIZING.md."
  type        = number
  default     = 10
}

variable "log_days" {
  description = "Days for which the postman's log is kept."
  type        = number
}

variable "tickets_topic_arn" {
  description = "Who hears of bounces and complaints."
  type        = string
}
