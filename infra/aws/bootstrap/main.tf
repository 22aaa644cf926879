# Once an account, before everything else: where the state lies, with a lock, and where releases are put.

data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  name    = "miaosha"
}

module "key" {
  source = "../modules/key"
  name   = "miaosha-account"
}

# The state has secrets in it. Two who apply at once are kept apart by a lock file beside it, which S3 writes only if it is not
# there: no table is needed for that any more.
module "state" {
  source        = "../modules/bucket"
  bucket        = "${local.name}-state-${local.account}"
  key_arn       = module.key.arn
  keep_old_days = 365
}

module "delivery" {
  source           = "../modules/delivery"
  name             = local.name
  repository       = var.repository
  artifacts_bucket = "${local.name}-artifacts-${local.account}"
  state_bucket_arn = module.state.arn
  state_key_arn    = module.key.arn
  key_arn          = module.key.arn
}
