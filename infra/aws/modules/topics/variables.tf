variable "name" {
  description = "Stands before the name of everything in here, as in \"miaosha-staging\"."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,21}$", var.name))
    error_message = "Small letters, digits and dashes, 3 to 22 of them: with the longest role behind it a target group allows no more."
  }
}

variable "key_arn" {
  description = "The key of this environment."
  type        = string
}

variable "pages_to" {
  description = "Addresses that are woken. Each confirms by mail once."
  type        = list(string)
  validation {
    condition     = length(var.pages_to) > 0
    error_message = "Somebody must be woken."
  }
}

variable "tickets_to" {
  description = "Addresses that read in the morning."
  type        = list(string)
  validation {
    condition     = length(var.tickets_to) > 0
    error_message = "Somebody must read them."
  }
}

variable "hears_events" {
  description = "Whether EventBridge may speak here; it cannot be held to rules of this account."
  type        = bool
  default     = false
}
