# The mail's way: queue -> lambda-email -> SES, with a dead-letter queue beside and a send ledger that lets nobody write twice.
# The same shape is asked for of the stand-in by crates/stack/assets/aws_mail.py.

locals {
  # The function's limit lies above email.carry_max and twice email.ledger.answer_max (14 s together); SQS hides a message for six
  # times as long, and so longer than the ledger's lease (30 s).
  function_s = 20
  hidden_s   = 120
  # They outlast four hours without a carrier: the shop forgets a letter as soon as SQS has it, and from the dead-letter queue only
  # people bring it back.
  tries = 120
}

resource "aws_sqs_queue" "mail" {
  name                              = "${var.name}-mail"
  visibility_timeout_seconds        = local.hidden_s
  message_retention_seconds         = 4 * 86400
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
  redrive_policy                    = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = local.tries })
}

resource "aws_sqs_queue" "dead" {
  name                              = "${var.name}-mail-dead"
  message_retention_seconds         = 14 * 86400
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url            = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.mail.arn] })
}

resource "aws_dynamodb_table" "sent" {
  name                        = "${var.name}-mail-sent"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "order_id"
  deletion_protection_enabled = true
  attribute {
    name = "order_id"
    type = "S"
  }
  ttl {
    enabled        = true
    attribute_name = "forget_at_s"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }
}

module "postman" {
  source       = "../function"
  name         = "${var.name}-email"
  about        = "The postman: writes to the buyer of each paid order, once."
  key_arn      = var.key_arn
  bucket       = var.artifacts_bucket
  code         = var.code
  timeout_s    = local.function_s
  parallel_max = var.parallel_max
  log_days     = var.log_days
  settings = {
    MIAOSHA_EMAIL__FROM          = var.from
    MIAOSHA_EMAIL__CARRIER       = "ses"
    MIAOSHA_EMAIL__LEDGER__TABLE = aws_dynamodb_table.sent.name
  }
  statements = [
    {
      Sid      = "Take"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
      Resource = aws_sqs_queue.mail.arn
    },
    {
      Sid      = "Once"
      Effect   = "Allow"
      Action   = "dynamodb:UpdateItem"
      Resource = aws_dynamodb_table.sent.arn
    },
    {
      Sid      = "Write"
      Effect   = "Allow"
      Action   = ["ses:SendEmail", "ses:SendRawEmail"]
      Resource = [aws_sesv2_email_identity.this.arn, aws_sesv2_configuration_set.this.arn]
    },
  ]
}

resource "aws_lambda_event_source_mapping" "mail" {
  event_source_arn        = aws_sqs_queue.mail.arn
  function_name           = module.postman.live_arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    # One below the function's own bound, so that SQS never takes a message that nobody may carry: its tries are counted.
    maximum_concurrency = max(2, var.parallel_max - 1)
  }
}
