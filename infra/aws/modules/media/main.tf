# Pictures of products: uploaded by sellers with a signed request, checked, shown by the edge.

data "aws_caller_identity" "this" {}

module "bucket" {
  source        = "../bucket"
  bucket        = var.bucket
  key_arn       = var.key_arn
  keep_old_days = 30
  statements = [{
    Sid       = "Edge"
    Effect    = "Allow"
    Principal = { Service = "cloudfront.amazonaws.com" }
    Action    = "s3:GetObject"
    # What was only uploaded is shown to nobody.
    Resource  = "arn:aws:s3:::${var.bucket}/media/*"
    Condition = { StringEquals = { "AWS:SourceArn" = var.distribution_arn } }
  }]
}

resource "aws_s3_bucket_cors_configuration" "this" {
  bucket = module.bucket.id
  cors_rule {
    allowed_methods = ["PUT", "POST"]
    allowed_origins = var.origins
    allowed_headers = ["content-type", "content-length"]
    max_age_seconds = 600
  }
}

resource "aws_sqs_queue" "uploads" {
  name                              = "${var.name}-uploads"
  visibility_timeout_seconds        = 60
  message_retention_seconds         = 4 * 86400
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
  redrive_policy                    = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 })
}

resource "aws_sqs_queue" "dead" {
  name                              = "${var.name}-uploads-dead"
  message_retention_seconds         = 14 * 86400
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_sqs_queue_policy" "uploads" {
  queue_url = aws_sqs_queue.uploads.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Bucket"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.uploads.arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::${var.bucket}" }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id }
      }
    }]
  })
}

resource "aws_s3_bucket_notification" "this" {
  bucket = module.bucket.id
  queue {
    queue_arn     = aws_sqs_queue.uploads.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "uploads/"
  }
  depends_on = [aws_sqs_queue_policy.uploads]
}
