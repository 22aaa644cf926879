output "live_arn" {
  description = "What general's outbox calls."
  value       = module.function.live_arn
}

output "settings" {
  description = "The function's settings."
  value       = local.settings
}

output "function" {
  description = "The function's name, for alarms."
  value       = module.function.name
}

output "function_arn" {
  description = "The function, for releases."
  value       = module.function.arn
}

output "dead_queue" {
  description = "The dead-letter queue's name, for alarms."
  value       = aws_sqs_queue.dead.name
}
