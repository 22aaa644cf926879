output "name" {
  description = "The function's name, for alarms."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "The function, all versions."
  value       = aws_lambda_function.this.arn
}

output "live_arn" {
  description = "What is called."
  value       = "${aws_lambda_function.this.arn}:${aws_lambda_alias.live.name}"
}

output "live" {
  description = "The alias that is called; who names it waits until it is there."
  value       = aws_lambda_alias.live.name
}

output "role_arn" {
  description = "Its role."
  value       = aws_iam_role.this.arn
}

output "policy" {
  description = "What it may do, for tests."
  value       = aws_iam_role_policy.this.policy
}
