# What was asked of the edge, in a bucket.

data "aws_caller_identity" "this" {}

module "log" {
  source = "../bucket"
  bucket = "${var.static_bucket}-log"
  # The writer uses the key of S3 and no other.
  key_arn       = null
  keep_days     = var.log_days
  keep_old_days = 1
  statements = [{
    Sid       = "EdgeLog"
    Effect    = "Allow"
    Principal = { Service = "delivery.logs.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:aws:s3:::${var.static_bucket}-log/*"
    Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id, "s3:x-amz-acl" = "bucket-owner-full-control" } }
  }]
}

resource "aws_cloudwatch_log_delivery_source" "edge" {
  provider     = aws.us_east_1
  name         = "${var.name}-edge"
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
}

resource "aws_cloudwatch_log_delivery_destination" "edge" {
  provider      = aws.us_east_1
  name          = "${var.name}-edge"
  output_format = "json"
  delivery_destination_configuration {
    destination_resource_arn = module.log.arn
  }
}

resource "aws_cloudwatch_log_delivery" "edge" {
  provider                 = aws.us_east_1
  delivery_source_name     = aws_cloudwatch_log_delivery_source.edge.name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.edge.arn
}
