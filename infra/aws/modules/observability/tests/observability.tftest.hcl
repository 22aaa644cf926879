mock_provider "aws" {
  source = "../../testing"
}

variables {
  name          = "miaosha-test"
  key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/k"
  log_days      = 30
  monthly_limit = 500
  topics        = { pages = "arn:aws:sns:eu-central-1:123456789012:pages", tickets = "arn:aws:sns:eu-central-1:123456789012:tickets" }
  balancer      = { balancer = "app/b/1", publisher = "targetgroup/p/1", consumer = "targetgroup/c/1", general = "targetgroup/g/1" }
  groups = {
    publisher = { name = "miaosha-test-publisher", min = 2, max = 12 }
    consumer  = { name = "miaosha-test-consumer", min = 2, max = 4 }
    general   = { name = "miaosha-test-general", min = 2, max = 2 }
  }
  sockets_max        = 60000
  queue_max          = 200000
  postgres           = { id = "miaosha-test", replica_id = "miaosha-test-replica", connections_max = 500, storage_gb = 100 }
  redis_members      = ["miaosha-test-0001-001", "miaosha-test-0001-002"]
  memorydb           = null
  rabbitmq           = { broker = "miaosha-test", memory_limit_mb = 9523, cluster = true }
  email              = { queue = "q", dead_queue = "q-dead", function = "f-email", table = "t" }
  capacity           = { function = "f-capacity", dead_queue = "c-dead" }
  uploads_dead_queue = "u-dead"
  nats               = { "eu-central-1a" = "nat-1" }
}

run "every_bound_rings_before_it_is_reached" {
  assert {
    condition = {
      sockets        = aws_cloudwatch_metric_alarm.this["OwnSocketsFull"].threshold
      queue          = aws_cloudwatch_metric_alarm.this["OwnQueueDeep"].threshold
      connections    = aws_cloudwatch_metric_alarm.this["JournalConnectionsFull"].threshold
      disk_gb        = aws_cloudwatch_metric_alarm.this["JournalDiskFull-primary"].threshold / pow(1024, 3)
      broker_mb      = floor(aws_cloudwatch_metric_alarm.this["BrokerMemoryFull"].threshold / pow(1024, 2))
      broker_disk_gb = aws_cloudwatch_metric_alarm.this["BrokerDiskFull"].threshold / pow(1024, 3)
    } == { sockets = 48000, queue = 160000, connections = 400, disk_gb = 10, broker_mb = 7618, broker_disk_gb = 3 }
    error_message = "At four fifths; the disk at its last tenth."
  }
  assert {
    condition     = alltrue([for name in ["GroupFull-publisher", "GroupFull-consumer", "ReplicaLate", "LedgerMemoryFull-miaosha-test-0001-002", "WayOutFull-eu-central-1a", "MailFails", "CapacityFails", "FunctionThrottled-f-email"] : contains(keys(aws_cloudwatch_metric_alarm.this), name)])
    error_message = "Groups, replica, ledger, ways out, dead letters and functions are watched."
  }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "GroupFull-general")
    error_message = "A group that cannot grow is always full; nobody needs to hear it."
  }
}

run "a_ledger_on_memorydb_is_watched_as_one" {
  variables {
    redis_members = []
    memorydb      = "miaosha-test"
  }
  assert {
    condition = { for name, a in aws_cloudwatch_metric_alarm.this : name => one(a.metric_query).expression if strcontains(join("", a.metric_query[*].expression), "MemoryDB") } == {
      LedgerMemoryFull = "SELECT MAX(DatabaseMemoryUsagePercentage) FROM \"AWS/MemoryDB\" WHERE ClusterName = 'miaosha-test'"
      LedgerBusy       = "SELECT MAX(EngineCPUUtilization) FROM \"AWS/MemoryDB\" WHERE ClusterName = 'miaosha-test'"
      LedgerThrowsOut  = "SELECT SUM(Evictions) FROM \"AWS/MemoryDB\" WHERE ClusterName = 'miaosha-test'"
    }
    error_message = "Memory, processor and evictions of the cluster, and nothing else is asked so."
  }
  assert {
    condition     = alltrue([for name in ["LedgerMemoryFull", "LedgerBusy"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "breaching"])
    error_message = "A ledger that nobody counts is not watched."
  }
}

run "of_three_brokers_the_fullest_counts" {
  assert {
    condition     = one(aws_cloudwatch_metric_alarm.this["BrokerDiskFull"].metric_query).expression == "SELECT MIN(RabbitMQDiskFree) FROM SCHEMA(\"AWS/AmazonMQ\", Broker, Node) WHERE Broker = 'miaosha-test'"
    error_message = "By its name alone Amazon tells the sum of all."
  }
}

run "a_single_broker_stops_earlier" {
  variables {
    rabbitmq = { broker = "miaosha-test", memory_limit_mb = 1843, cluster = false }
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["BrokerDiskFull"].dimensions == tomap({ Broker = "miaosha-test" }) && aws_cloudwatch_metric_alarm.this["BrokerDiskFull"].threshold == 12 * pow(1024, 3)
    error_message = "At 10 GiB of 200."
  }
}

run "a_page_wakes_and_a_ticket_does_not" {
  assert {
    condition     = alltrue([for name, a in aws_cloudwatch_metric_alarm.this : a.alarm_actions == toset([var.topics[merge(local.usual, local.alarms[name]).severity == "page" ? "pages" : "tickets"]])])
    error_message = "Each alarm reaches its people."
  }
  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.this : a.alarm_name != "" && strcontains(a.alarm_description, "docs/runbook.md: ")])
    error_message = "Each says where to read on."
  }
  assert {
    condition     = alltrue([for name in ["OwnHeartbeatOld", "NodesMissing-general"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "breaching"])
    error_message = "Where silence is the bad news, silence rings."
  }
}

run "a_release_has_judges_and_no_more_than_auto_scaling_takes" {
  assert {
    condition     = length(output.judges) >= 8 && length(output.judges) <= 10
    error_message = "Auto Scaling listens to ten alarms at the most."
  }
  assert {
    condition     = contains(output.judges, "miaosha-test-OwnOversold") && contains(output.judges, "miaosha-test-BalancerErrors")
    error_message = "A broken law and errors at the door are among them."
  }
}

run "the_rules_are_those_of_infra_observe" {
  assert {
    condition     = toset(keys(aws_prometheus_rule_group_namespace.this)) == toset(["recording", "laws", "buyers", "parts"])
    error_message = "All four files."
  }
  assert {
    condition     = alltrue([for rules in aws_prometheus_rule_group_namespace.this : can(yamldecode(rules.data).groups[0].rules) && !strcontains(rules.data, "interval: 5s")])
    error_message = "Readable, and no more often than Amazon's Prometheus looks."
  }
  assert {
    condition     = toset([for r in yamldecode(yamldecode(aws_prometheus_alert_manager_definition.this.definition).alertmanager_config).receivers : r.name]) == toset(["pager", "tickets"])
    error_message = "The receivers that its routes name."
  }
  assert {
    condition     = aws_prometheus_workspace.this.kms_key_arn == var.key_arn && aws_cloudwatch_log_group.prometheus.retention_in_days == 30
    error_message = "Encrypted, with a log that ends."
  }
}

run "money_is_bounded_too" {
  assert {
    condition     = aws_budgets_budget.this.limit_amount == "500" && length(aws_budgets_budget.this.notification) == 2
    error_message = "A ticket before the month's limit."
  }
  assert {
    condition     = one(aws_budgets_budget.this.cost_filter).values == tolist(["user:Environment$miaosha-test"])
    error_message = "What this environment costs, by its tag."
  }
}
