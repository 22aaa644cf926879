output "role_arn" {
  description = "For the workflow `deploy`."
  value       = aws_iam_role.this.arn
}
