variable "name" {
  description = "Stands before the name of everything in here, as in \"miaosha-staging\"."
  type        = string
}

variable "repository" {
  description = "The repository at GitHub that may deploy, as in \"owner/name\"."
  type        = string
  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "owner/name, without a wildcard."
  }
}

variable "environment" {
  description = "The environment of that repository whose guards guard this role."
  type        = string
}

variable "oidc_provider_arn" {
  description = "How GitHub shows who it is (bootstrap)."
  type        = string
}

variable "groups" {
  description = "What is rolled: the names of the groups."
  type        = set(string)
}

variable "launch_template_arns" {
  description = "How their nodes are started."
  type        = list(string)
}

variable "node_role_arns" {
  description = "The nodes' roles, which starting a node passes on."
  type        = list(string)
}

variable "image_parameter_arns" {
  description = "Where it is written which image runs."
  type        = list(string)
}

variable "function_arns" {
  description = "Functions whose code is exchanged."
  type        = list(string)
}

variable "repository_arns" {
  description = "Where images are pulled from, to see who signed them."
  type        = list(string)
}

variable "artifacts_bucket" {
  description = "Where code lies."
  type        = string
}

variable "static_bucket_arn" {
  description = "Where pages are put."
  type        = string
}

variable "distribution_arn" {
  description = "The edge, which must forget old pages."
  type        = string
}

variable "key_arns" {
  description = "Keys of the environment and of the artifacts."
  type        = list(string)
}

variable "staff_secret_arn" {
  description = "The staff login, for the smoke test; null: this environment sells, and nobody tests there."
  type        = string
  default     = null
}
