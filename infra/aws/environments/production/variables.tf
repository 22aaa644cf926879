# What only you know. Write it into `mine.auto.tfvars`, which git ignores; docs/deploy.md has an example.

variable "repository" {
  description = "The repository at GitHub that deploys, as in \"owner/name\"."
  type        = string
}

variable "account" {
  description = "What bootstrap made: `terraform -chdir=../../bootstrap output -json account`."
  type = object({
    repositories      = map(string)
    artifacts_bucket  = string
    key_arn           = string
    oidc_provider_arn = string
  })
}

variable "domain" {
  description = "The shop's domain, as in shop.example."
  type        = string
}

variable "zone_id" {
  description = "Its zone at Route 53."
  type        = string
}

variable "images" {
  description = "The images to begin with, by digest; the workflow `release` prints them."
  type        = map(string)
}

variable "functions" {
  description = "The functions' code to begin with; the workflow `release` prints it."
  type        = object({ email = string, capacity = string })
}

variable "mail_from" {
  description = "Whom mail is from, as in \"Shop <orders@shop.example>\"."
  type        = string
}

variable "staff_email" {
  description = "The first staff login's address; its password is in the secret `NAME/staff`."
  type        = string
}

variable "pages_to" {
  description = "Addresses that are woken."
  type        = list(string)
}

variable "tickets_to" {
  description = "Addresses that read in the morning."
  type        = list(string)
}

variable "monthly_limit" {
  description = "US dollars a month, for a ticket before they are spent."
  type        = number
}

variable "protected" {
  description = "Whether journal and balancer cannot be deleted before this is switched off and applied."
  type        = bool
  default     = true
}

variable "sale_is_over" {
  description = "Whether the balancer answers claims itself: the sale is over."
  type        = bool
  default     = false
}

variable "provider_url" {
  description = "The payment provider, as in \"https://pay.example\"."
  type        = string
  validation {
    condition     = startswith(var.provider_url, "https://")
    error_message = "https://: cards and names go there."
  }
}
