# Made-up words, and the few secrets that only people know.
#
# The words lie in the state too, because brokers and caches take theirs as an argument: the state is as secret as they are,
# and is kept so (module `state`). They are drawn once; a new plan draws others and leaves these as they are, unless it is told
# to replace one: then both who show it and who ask for it get the new one.

data "aws_secretsmanager_random_password" "this" {
  for_each            = var.passwords
  password_length     = 42
  exclude_punctuation = true
  include_space       = false
}

resource "aws_secretsmanager_secret" "password" {
  for_each                = var.passwords
  name                    = "${var.name}/${each.key}"
  description             = "Made up at the first apply."
  kms_key_id              = var.key_arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "password" {
  for_each      = var.passwords
  secret_id     = aws_secretsmanager_secret.password[each.key].id
  secret_string = data.aws_secretsmanager_random_password.this[each.key].random_password
  lifecycle {
    ignore_changes = [secret_string]
    # Never a moment without a word.
    create_before_destroy = true
  }
}

resource "aws_secretsmanager_secret" "by_hand" {
  name                    = "${var.name}/by-hand"
  description             = "What people know: settings of nodes as one JSON object. docs/deploy.md says which."
  kms_key_id              = var.key_arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "by_hand" {
  secret_id     = aws_secretsmanager_secret.by_hand.id
  secret_string = jsonencode(var.by_hand)
  lifecycle {
    # What people wrote stays.
    ignore_changes = [secret_string]
  }
}
