output "group_name" {
  description = "The group, for lambda-capacity, releases and alarms."
  value       = aws_autoscaling_group.this.name
}

output "launch_template_id" {
  description = "How its nodes are started, for releases."
  value       = aws_launch_template.this.id
}

output "launch_template_arn" {
  description = "The same, as an ARN."
  value       = aws_launch_template.this.arn
}

output "launch_template_version" {
  description = "The newest version; `roll.sh` makes it live."
  value       = aws_launch_template.this.latest_version
}

output "role_arn" {
  description = "The nodes' role, which a release passes on."
  value       = aws_iam_role.this.arn
}

output "image_parameter_arn" {
  description = "Where it is written which image runs."
  value       = aws_ssm_parameter.image.arn
}

output "judged" {
  description = "Metrics of ours that CloudWatch gets too."
  value       = local.judged
}
