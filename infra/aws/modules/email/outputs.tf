output "queue_url" {
  description = "The setting cluster.mail.queue_url."
  value       = aws_sqs_queue.mail.id
}

output "queue_arn" {
  description = "Where the relay may put letters."
  value       = aws_sqs_queue.mail.arn
}

output "queue" {
  description = "The queue's name, for alarms."
  value       = aws_sqs_queue.mail.name
}

output "dead_queue" {
  description = "The dead-letter queue's name, for alarms."
  value       = aws_sqs_queue.dead.name
}

output "function" {
  description = "The postman's name, for alarms."
  value       = module.postman.name
}

output "function_arn" {
  description = "The postman, for releases."
  value       = module.postman.arn
}

output "table" {
  description = "The send ledger's name, for alarms."
  value       = aws_dynamodb_table.sent.name
}
