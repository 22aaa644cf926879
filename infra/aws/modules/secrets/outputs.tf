output "passwords" {
  description = "The words, by what they open."
  value       = { for name, version in aws_secretsmanager_secret_version.password : name => version.secret_string }
  sensitive   = true
}

output "by_hand_arn" {
  description = "The secret that people fill in."
  value       = aws_secretsmanager_secret.by_hand.arn
}

output "by_hand_version" {
  description = "What stood in it first: before that nodes cannot read it."
  value       = aws_secretsmanager_secret_version.by_hand.version_id
}
