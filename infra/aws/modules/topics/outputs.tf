output "arns" {
  description = "pages and tickets."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
}
