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

variable "bucket" {
  description = "The bucket's name, of which there is one in the world."
  type        = string
}

variable "origins" {
  description = "Pages that may upload, as in \"https://shop.example\"."
  type        = list(string)
  validation {
    condition     = alltrue([for origin in var.origins : startswith(origin, "https://") && !strcontains(origin, "*")])
    error_message = "https:// and no wildcard."
  }
}

variable "distribution_arn" {
  description = "The edge, which shows the pictures."
  type        = string
}
