output "arn" {
  description = "The key's ARN."
  value       = aws_kms_key.this.arn
}

output "autoscaling_role_arn" {
  description = "Auto Scaling's role for the groups of this environment: it may open disks under this key."
  value       = aws_iam_service_linked_role.autoscaling.arn
}
