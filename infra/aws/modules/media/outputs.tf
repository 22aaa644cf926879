output "bucket" {
  description = "The bucket's name."
  value       = module.bucket.id
}

output "arn" {
  description = "The bucket's ARN."
  value       = module.bucket.arn
}

output "domain" {
  description = "Where the edge finds the pictures."
  value       = module.bucket.domain
}

output "queue_arn" {
  description = "Where an upload is told."
  value       = aws_sqs_queue.uploads.arn
}

output "dead_queue" {
  description = "The dead-letter queue's name, for alarms."
  value       = aws_sqs_queue.dead.name
}
