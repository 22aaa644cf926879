output "prometheus" {
  description = "Where nodes write their numbers."
  value       = { arn = aws_prometheus_workspace.this.arn, id = aws_prometheus_workspace.this.id }
}

output "judges" {
  description = "Alarms by which a release is judged, and taken back."
  value       = [for name, alarm in local.alarms : "${var.name}-${name}" if try(alarm.judge, false)]
}
