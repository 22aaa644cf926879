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

variable "image" {
  description = "The sandbox's image, by its digest."
  type        = string
  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Named by its digest."
  }
}

variable "repository_arn" {
  description = "Where the image is pulled from."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet" {
  description = "One subnet for nodes."
  type        = string
}

variable "group" {
  description = "Its security group: nodes alone may ask it."
  type        = string
}

variable "secret_arn" {
  description = "The secret whose JSON has MIAOSHA_PROVIDER__KEY."
  type        = string
}

variable "after" {
  description = "What must be there before it starts: names of what is written into its secret."
  type        = list(string)
  default     = []
}
