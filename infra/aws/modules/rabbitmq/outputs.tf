locals {
  # "amqps://b-….mq.eu-central-1.amazonaws.com:5671"
  host = replace(aws_mq_broker.this.instances[0].endpoints[0], "amqps://", "")
}

output "url" {
  description = "The broker's URL."
  value       = "amqps://miaosha:${var.password}@${local.host}/%2f"
  sensitive   = true
}

output "broker" {
  description = "Its name, for alarms."
  value       = aws_mq_broker.this.broker_name
}
