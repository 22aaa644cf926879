# One page for sale day: ours above, AWS's parts below. The dashboards of infra/observe, for Grafana, show more.

locals {
  ledger = concat(
    [for member in var.redis_members : ["AWS/ElastiCache", "EngineCPUUtilization", "CacheClusterId", member, { stat = "Average" }]],
    [for cluster in var.memorydb[*] : [{ expression = "SELECT MAX(EngineCPUUtilization) FROM \"AWS/MemoryDB\" WHERE ClusterName = '${cluster}'" }]],
  )
  rows = [
    [
      { title = "Sockets", metrics = [[local.own, "publisher_sockets", "job", "publisher", { stat = "Average" }]] },
      { title = "Claims accepted and decided, a minute", metrics = [[local.own, "claims_accepted_total", "job", "publisher", { stat = "Sum" }], [local.own, "claims_decided_total", "job", "consumer", { stat = "Sum" }]] },
      { title = "Claims on the queue", metrics = [[local.own, "claims_queue_messages", "job", "consumer", { stat = "Maximum" }]] },
    ],
    [
      { title = "Nodes", metrics = [for group in var.groups : ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", group.name, { stat = "Average" }]] },
      { title = "Balancer: capacity used", metrics = [["AWS/ApplicationELB", "PeakLCUs", "LoadBalancer", var.balancer.balancer, { stat = "Maximum" }]] },
      { title = "Balancer: errors, its own and the nodes'", metrics = [["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.balancer.balancer, { stat = "Sum" }], ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.balancer.balancer, { stat = "Sum" }]] },
    ],
    [
      { title = "Journal: processor and commits", metrics = [["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.postgres.id, { stat = "Average" }], ["AWS/RDS", "WriteIOPS", "DBInstanceIdentifier", var.postgres.id, { stat = "Average", yAxis = "right" }]] },
      { title = "Ledger: processor", metrics = local.ledger },
      { title = "Mail: waiting and failed", metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.email.queue, { stat = "Maximum" }], ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.email.dead_queue, { stat = "Maximum" }]] },
    ],
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = flatten([for y, row in local.rows : [for x, panel in row : {
      type       = "metric", x = x * 8, y = y * 6, width = 8, height = 6
      properties = { title = panel.title, metrics = panel.metrics, period = 60, region = data.aws_region.this.name, view = "timeSeries" }
    } if length(panel.metrics) > 0]])
  })
}
