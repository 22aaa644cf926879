output "url" {
  description = "The setting cluster.pay.url."
  value       = "http://${local.host}:5000"
}
