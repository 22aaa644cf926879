output "account" {
  description = "What every environment needs to know: its variable `account`."
  value = {
    repositories      = module.delivery.repositories
    artifacts_bucket  = module.delivery.artifacts_bucket
    key_arn           = module.key.arn
    oidc_provider_arn = module.delivery.oidc_provider_arn
  }
}

output "state_bucket" {
  description = "For `terraform init -backend-config=bucket=…`."
  value       = module.state.id
}

output "github" {
  description = "Variables of the environments `release` and `plan` at GitHub."
  value = {
    AWS_RELEASE_ROLE = module.delivery.release_role_arn
    AWS_PLAN_ROLE    = module.delivery.plan_role_arn
    ARTIFACTS_BUCKET = module.delivery.artifacts_bucket
    STATE_BUCKET     = module.state.id
  }
}
