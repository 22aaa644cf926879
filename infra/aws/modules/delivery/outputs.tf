output "repositories" {
  description = "Where each image is pushed and pulled."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "artifacts_bucket" {
  description = "Where the functions' code lies."
  value       = module.artifacts.id
}

output "oidc_provider_arn" {
  description = "How GitHub shows who it is."
  value       = aws_iam_openid_connect_provider.github.arn
}

output "release_role_arn" {
  description = "For the workflow that builds releases."
  value       = aws_iam_role.release.arn
}

output "plan_role_arn" {
  description = "For the workflow that plans."
  value       = aws_iam_role.plan.arn
}
