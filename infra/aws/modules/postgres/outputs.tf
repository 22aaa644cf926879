output "url" {
  description = "The journal's URL; the certificate that nodes compare with lies at the path that modules/service gives it."
  value       = "postgres://miaosha:${var.password}@${aws_db_instance.primary.address}:5432/miaosha?sslmode=verify-full&sslrootcert=/etc/miaosha/rds-ca.pem"
  sensitive   = true
}

output "replica_url" {
  description = "The replica's URL; empty: none."
  value       = var.replica ? "postgres://miaosha:${var.password}@${aws_db_instance.replica[0].address}:5432/miaosha?sslmode=verify-full&sslrootcert=/etc/miaosha/rds-ca.pem" : ""
  sensitive   = true
}

output "id" {
  description = "The primary, for alarms."
  value       = aws_db_instance.primary.identifier
}

output "replica_id" {
  description = "The replica, for alarms; null: none."
  value       = var.replica ? local.replica_name : null
}
