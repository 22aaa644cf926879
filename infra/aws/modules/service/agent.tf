# What the agent beside the container collects. The names are those of infra/observe/README.md; `cargo xtask test lint` compares.

locals {
  # By these a release is judged, and taken back: the alarms are in modules/observability.
  judged = [
    "items_oversold",
    "journal_errors_total",
    "heartbeat_age_seconds",
    "holds_overdue_seconds",
    "parked_messages",
    "task_panics_total",
    "http_panics_total",
    "claims_accepted_total",
    "claims_decided_total",
    "claims_queue_messages",
    "publisher_puts_failed_total",
    "publisher_sockets",
    "outbox_oldest_seconds",
  ]
  agent = {
    agent = { region = local.region, metrics_collection_interval = 15 }
    metrics = {
      namespace            = "Miaosha"
      metrics_destinations = { amp = { workspace_id = var.prometheus.id } }
      metrics_collected    = { prometheus = { prometheus_config_path = "/etc/miaosha/prometheus.yml" } }
    }
    logs = {
      metrics_collected = {
        prometheus = {
          log_group_name         = aws_cloudwatch_log_group.metrics.name
          prometheus_config_path = "/etc/miaosha/prometheus.yml"
          emf_processor = {
            metric_namespace = "Miaosha/${var.name}"
            metric_declaration = [{
              source_labels    = ["job"]
              label_matcher    = "^${var.role}$"
              dimensions       = [["job"]]
              metric_selectors = [for name in local.judged : "^${name}$"]
            }]
          }
        }
      }
    }
    traces = { traces_collected = { otlp = { http_endpoint = "127.0.0.1:4318" } } }
  }
}
