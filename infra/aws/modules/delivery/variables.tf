variable "name" {
  description = "Stands before the name of everything in here; one delivery serves all environments of an account."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,21}$", var.name))
    error_message = "Small letters, digits and dashes, 3 to 22 of them."
  }
}

variable "repository" {
  description = "The repository at GitHub that may come in, as in \"owner/name\"."
  type        = string
  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "owner/name, without a wildcard: whoever matches may push images."
  }
}

variable "images" {
  description = "What is kept in the registry, one repository each."
  type        = set(string)
  default     = ["publisher", "consumer", "general", "provider"]
}

variable "images_kept" {
  description = "Releases of an image that are kept; the older go."
  type        = number
  default     = 50
  validation {
    condition     = var.images_kept >= 10
    error_message = "At least ten, or there is nothing to go back to."
  }
}

variable "artifacts_bucket" {
  description = "The name of the bucket for the functions' code and for what nodes trust."
  type        = string
}

variable "state_bucket_arn" {
  description = "Where the state lies, for whoever plans."
  type        = string
}

variable "state_key_arn" {
  description = "The key of the state, for whoever plans."
  type        = string
}

variable "key_arn" {
  description = "The key for images and artifacts."
  type        = string
}
