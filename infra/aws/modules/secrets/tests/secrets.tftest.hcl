mock_provider "aws" {
  source = "../../testing"
}

variables {
  name      = "miaosha-test"
  key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/k"
  passwords = ["redis", "postgres"]
  by_hand   = { MIAOSHA_CLUSTER__PAY__KEY = "unset" }
}

run "words_are_long_and_fit_into_a_url" {
  assert {
    condition     = alltrue([for word in data.aws_secretsmanager_random_password.this : word.password_length >= 32 && word.exclude_punctuation && !word.include_space])
    error_message = "At least 32 letters and digits, nothing that a URL would read otherwise."
  }
  assert {
    condition     = alltrue([for word in output.passwords : can(regex("^[A-Za-z0-9]+$", word))])
    error_message = "Letters and digits alone."
  }
}

run "a_word_is_replaced_where_it_is_asked_for" {
  plan_options {
    replace = [aws_secretsmanager_secret_version.password["redis"]]
  }
  override_data {
    target = data.aws_secretsmanager_random_password.this
    values = { random_password = "drawnAnew0123456789" }
  }
  assert {
    condition     = nonsensitive(output.passwords["redis"] == "drawnAnew0123456789" && output.passwords["postgres"] != "drawnAnew0123456789")
    error_message = "That one is new and the others stay."
  }
}

run "secrets_are_under_our_key_and_can_be_brought_back" {
  assert {
    condition     = alltrue([for s in concat(values(aws_secretsmanager_secret.password), [aws_secretsmanager_secret.by_hand]) : s.kms_key_id == var.key_arn && s.recovery_window_in_days == 30])
    error_message = "Under our own key, with a month to bring a removed one back."
  }
  assert {
    condition     = alltrue([for s in aws_secretsmanager_secret.password : startswith(s.name, "miaosha-test/")])
    error_message = "Names begin with their environment."
  }
}
