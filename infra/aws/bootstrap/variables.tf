variable "repository" {
  description = "The repository at GitHub, as in \"owner/name\"."
  type        = string
}

variable "tickets_to" {
  description = "Addresses that hear what GuardDuty finds."
  type        = list(string)
  validation {
    condition     = length(var.tickets_to) > 0
    error_message = "Somebody must read them."
  }
}
