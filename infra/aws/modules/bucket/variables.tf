variable "bucket" {
  description = "The bucket's name, of which there is one in the world."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{2,62}$", var.bucket))
    error_message = "Small letters, digits and dashes, 3 to 63 of them."
  }
}

variable "key_arn" {
  description = "The key that encrypts it; null: the key of S3 itself, for writers that can use no other (the balancer's log)."
  type        = string
}

variable "keep_days" {
  description = "Days for which an object is kept; null: for ever."
  type        = number
  default     = null
}

variable "keep_old_days" {
  description = "Days for which what was replaced or removed can be brought back."
  type        = number
  validation {
    condition     = var.keep_old_days >= 1
    error_message = "At least a day."
  }
}

variable "statements" {
  description = "Whom else it serves: statements of a bucket policy."
  type        = any
  default     = []
}
