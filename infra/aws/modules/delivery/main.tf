# What a release is made into: images, by digest, and the functions' code; and who at GitHub may put it there.

module "artifacts" {
  source        = "../bucket"
  bucket        = var.artifacts_bucket
  key_arn       = var.key_arn
  keep_old_days = 90
}

resource "aws_ecr_repository" "this" {
  for_each = var.images
  name     = "${var.name}/${each.key}"
  # A tag says the same for ever; what runs is named by its digest anyway.
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = aws_ecr_repository.this
  repository = each.value.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "The newest stay."
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.images_kept * local.parts_per_release }
      action       = { type = "expire" }
    }]
  })
}

locals {
  # An index, an image for each of two processors, what was signed of it, and what it is made of.
  parts_per_release = 7
}
