output "distribution_id" {
  description = "The edge, for releases and alarms."
  value       = aws_cloudfront_distribution.this.id
}

output "distribution_arn" {
  description = "The edge, for buckets that serve it."
  value       = aws_cloudfront_distribution.this.arn
}

output "static_bucket" {
  description = "Where pages are put."
  value       = module.static.id
}

output "static_bucket_arn" {
  description = "The same, as an ARN."
  value       = module.static.arn
}

output "firewall" {
  description = "The firewall's name, for alarms."
  value       = aws_wafv2_web_acl.this.name
}
