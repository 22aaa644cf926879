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

variable "passwords" {
  description = "Words to be made up, by what they open: each 42 letters and digits, so that they stand in a URL as they are."
  type        = set(string)
  validation {
    condition     = alltrue([for word in var.passwords : can(regex("^[a-z][a-z-]*$", word))])
    error_message = "Names of small letters and dashes."
  }
}

variable "by_hand" {
  description = "Settings that people put there: setting => what stands there until they do."
  type        = map(string)
}
