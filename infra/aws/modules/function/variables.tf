variable "name" {
  description = "The function's whole name."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,62}$", var.name))
    error_message = "Small letters, digits and dashes."
  }
}

variable "about" {
  description = "What it does, in a sentence."
  type        = string
}

variable "key_arn" {
  description = "The key for its settings and its log."
  type        = string
}

variable "bucket" {
  description = "Where code lies."
  type        = string
}

variable "code" {
  description = "Which code a new environment begins with, as in \"functions/email/1.2.3.zip\"; later ones come by releases."
  type        = string
  validation {
    condition     = startswith(var.code, "functions/") && endswith(var.code, ".zip")
    error_message = "functions/….zip"
  }
}

variable "memory_mb" {
  description = "Memory, and with it a share of a processor."
  type        = number
  default     = 256
}

variable "timeout_s" {
  description = "The longest that one call may take."
  type        = number
  validation {
    condition     = var.timeout_s >= 5 && var.timeout_s <= 300
    error_message = "5 to 300 seconds."
  }
}

variable "parallel_max" {
  description = "Calls at one time."
  type        = number
  validation {
    condition     = var.parallel_max >= 1 && var.parallel_max <= 100
    error_message = "1 to 100: a function without a bound takes the account's."
  }
}

variable "settings" {
  description = "Its environment. No secrets."
  type        = map(string)
}

variable "statements" {
  description = "What it may do beyond writing its log: statements of a policy."
  type        = any
}

variable "dead_letters" {
  description = "The queue for asynchronous calls that failed for good; null: it is never called so."
  type        = string
  default     = null
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
}
