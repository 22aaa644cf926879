terraform {
  required_version = ">= 1.11.0, < 2.0.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
  # It begins on a disk and then moves into the bucket that it made: docs/deploy.md says how.
}

provider "aws" {
  region = "eu-central-1"
  default_tags {
    tags = { Project = "miaosha", Environment = "account", ManagedBy = "terraform" }
  }
}
