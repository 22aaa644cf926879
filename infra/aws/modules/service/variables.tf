variable "name" {
  description = "Stands before the name of everything in here, as in \"miaosha-staging\"."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,21}$", var.name))
    error_message = "Small letters, digits and dashes, 3 to 22 of them: with the longest role behind it a target group allows no more."
  }
}

variable "key_arn" {
  description = "The key of this environment, with which everything at rest is encrypted."
  type        = string
  validation {
    condition     = startswith(var.key_arn, "arn:aws:kms:")
    error_message = "The ARN of a key of KMS."
  }
}

variable "role" {
  description = "Which of our binaries it is: publisher, consumer or general."
  type        = string
  validation {
    condition     = contains(["publisher", "consumer", "general"], var.role)
    error_message = "publisher, consumer or general."
  }
}

variable "image" {
  description = "The image that a new environment begins with, by its digest; later ones come by releases."
  type        = string
  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Named by its digest, as in …/publisher@sha256:…: a tag may say something else tomorrow."
  }
}

variable "repository_arn" {
  description = "Where the image is pulled from."
  type        = string
}

variable "instance_type" {
  description = "The machine, on Graviton, as in \"c7g.large\"."
  type        = string
  validation {
    condition     = can(regex("^(t4g|[cmr](7|8)gn?d?)\\.", var.instance_type))
    error_message = "A Graviton type: t4g, or c, m, r of the 7th or 8th generation with a g."
  }
}

variable "subnets" {
  description = "Subnets for nodes, in at least two zones."
  type        = list(string)
}

variable "group" {
  description = "The role's security group."
  type        = string
}

variable "target_group_arn" {
  description = "Where the balancer finds its nodes."
  type        = string
}

variable "nodes" {
  description = "How many there are between sales (min), and how many there may ever be (max); lambda-capacity moves within."
  type        = object({ min = number, max = number })
  validation {
    condition     = var.nodes.min >= 1 && var.nodes.max >= var.nodes.min && var.nodes.max <= 100
    error_message = "1 <= min <= max <= 100."
  }
}

variable "files_max" {
  description = "Files and sockets that the process may have open: above publisher.push.sockets_max and http.max_connections."
  type        = number
  default     = 200000
  validation {
    condition     = var.files_max >= 10000 && var.files_max <= 1048576
    error_message = "10,000 to 1,048,576, where the kernel's own bound (fs.nr_open) lies."
  }
}

variable "stop_s" {
  description = "Seconds that a soft stop may take (server.stop_limit)."
  type        = number
  default     = 60
  validation {
    condition     = var.stop_s >= 20 && var.stop_s < 110
    error_message = "20 to 110: the balancer waits 120 s."
  }
}

variable "protect_from_scale_in" {
  description = "Whether a smaller group may take this node away only after lambda-capacity let go of it: it may hold sockets of an open sale."
  type        = bool
}

variable "settings" {
  description = "Settings that are no secrets, as the environment has them: MIAOSHA_…"
  type        = map(string)
  validation {
    condition     = alltrue([for name, value in var.settings : can(regex("^[A-Z][A-Z0-9_]*$", name)) && !can(regex("[\\n\\r']", value))])
    error_message = "Names of capital letters; values on one line, without an apostrophe."
  }
}

variable "secret_arns" {
  description = "Secrets that hold settings, each one JSON object; later ones win."
  type        = list(string)
}

variable "artifacts_bucket" {
  description = "Where the certificate of the journal's authority lies (trust/rds-REGION.pem)."
  type        = string
}

variable "prometheus" {
  description = "Where metrics go: the workspace's ARN and id."
  type        = object({ arn = string, id = string })
}

variable "statements" {
  description = "What the role may do beyond what every node may: statements of a policy."
  type        = any
  default     = []
}

variable "autoscaling_role_arn" {
  description = "Auto Scaling's role, which may open disks under our key."
  type        = string
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
}

variable "after" {
  description = "What must be there before a node starts: names of what is written into its secrets."
  type        = list(string)
  default     = []
}
