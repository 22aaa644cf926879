# Our own numbers in CloudWatch: those by which a release is judged while it rolls (judge = true), and bounds that Prometheus
# cannot page for if it is itself away. Their names are those of infra/observe/README.md.

locals {
  of_ours = {
    OwnOversold = {
      namespace = local.own, metric = "items_oversold", of = { job = "consumer" }
      above     = 0, periods = 1, severity = "page", judge = true, says = "More units are held than a sale item has."
    }
    OwnHeartbeatOld = {
      namespace = local.own, metric = "heartbeat_age_seconds", of = { job = "consumer" }
      stat      = "Minimum", above = 5, missing = "breaching", severity = "page", judge = true, says = "Nobody judges time: the journal's heartbeat is old, or no consumer tells it."
    }
    OwnHoldsOverdue = {
      namespace = local.own, metric = "holds_overdue_seconds", of = { job = "consumer" }
      above     = 5, severity = "page", judge = true, says = "A hold lives on after its deadline and grace."
    }
    OwnParked = {
      namespace = local.own, metric = "parked_messages", of = { job = "consumer" }
      above     = 0, severity = "page", says = "A message was put aside that nobody can read or decide."
    }
    OwnPutsFail = {
      namespace = local.own, metric = "publisher_puts_failed_total", of = { job = "publisher" }
      stat      = "Sum", above = 100, severity = "page", judge = true, says = "Claims are turned away because they cannot be stored."
    }
    OwnSocketsFull = {
      namespace = local.own, metric = "publisher_sockets", of = { job = "publisher" }
      above     = floor(var.sockets_max * local.early), severity = "page", says = "A publisher holds four in five of the sockets that it may."
    }
    OwnQueueDeep = {
      namespace = local.own, metric = "claims_queue_messages", of = { job = "consumer" }
      above     = floor(var.queue_max * local.early), severity = "page", says = "Four in five of what the claims queue stores is taken."
    }
    OwnOutboxOld = {
      namespace = local.own, metric = "outbox_oldest_seconds", of = { job = "consumer" }
      above     = 300, severity = "page", says = "An order has waited for five minutes for its mail or its capture."
    }
  }
  of_ours_by_role = merge([for role in keys(var.groups) : {
    "OwnPanicked-${role}" = {
      namespace = local.own, metric = "task_panics_total", of = { job = role }
      stat      = "Sum", above = 0, periods = 1, severity = "page", judge = true, says = "A task of ${role} panicked."
    }
  }]...)
}
