output "arns" {
  description = "pages and tickets."
  value       = { for name, topic in aws_sns_topic.this : name => topic.arn }
  # SES tries whether it may speak as soon as it is told where.
  depends_on = [aws_sns_topic_policy.this]
}
