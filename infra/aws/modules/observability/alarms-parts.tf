# Alarms on AWS's parts. `above` or `below` is where it rings; what is not said is in `local.usual`.

locals {
  of_the_balancer = merge(
    {
      BalancerRefuses = {
        namespace = "AWS/ApplicationELB", metric = "RejectedConnectionCount", of = { LoadBalancer = var.balancer.balancer }
        stat      = "Sum", above = 0, severity = "page", says = "The balancer has as many connections as it may have."
      }
      BalancerErrors = {
        namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", of = { LoadBalancer = var.balancer.balancer }
        stat      = "Sum", above = 50, severity = "page", judge = true, says = "The balancer itself answers with errors."
      }
    },
    merge([for role in keys(var.groups) : {
      "NodesUnhealthy-${role}" = {
        namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount", of = { LoadBalancer = var.balancer.balancer, TargetGroup = var.balancer[role] }
        # A node that starts counts as one until it is ready: five minutes.
        above = 0, periods = 5, severity = "page", says = "A node of ${role} is not ready."
      }
      "NodesMissing-${role}" = {
        namespace = "AWS/ApplicationELB", metric = "HealthyHostCount", of = { LoadBalancer = var.balancer.balancer, TargetGroup = var.balancer[role] }
        stat      = "Minimum", below = 1, missing = "breaching", severity = "page", says = "No node of ${role} is ready."
      }
      "NodesFail-${role}" = {
        namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", of = { LoadBalancer = var.balancer.balancer, TargetGroup = var.balancer[role] }
        stat      = "Sum", above = 100, severity = "page", judge = role == "general", says = "Nodes of ${role} answer with errors."
      }
    }]...),
    merge([for role in ["consumer", "general"] : {
      # A publisher's socket is a request that takes hours.
      "NodesSlow-${role}" = {
        namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", of = { LoadBalancer = var.balancer.balancer, TargetGroup = var.balancer[role] }
        stat      = "p99", above = 5, periods = 5, says = "One request in a hundred to ${role} takes more than five seconds."
      }
    }]...),
  )

  of_the_groups = merge([for role, group in var.groups : {
    "GroupFull-${role}" = {
      namespace = "AWS/AutoScaling", metric = "GroupDesiredCapacity", of = { AutoScalingGroupName = group.name }
      above     = group.max - 1, periods = 15, says = "The group of ${role} is as large as it may be."
    }
  } if group.max > group.min]...)

  journals = merge({ primary = var.postgres.id }, var.postgres.replica_id == null ? {} : { replica = var.postgres.replica_id })
  of_the_journal = merge(
    merge([for which, id in local.journals : {
      "JournalBusy-${which}" = {
        namespace = "AWS/RDS", metric = "CPUUtilization", of = { DBInstanceIdentifier = id }
        stat      = "Average", above = 80, periods = 5, severity = "page", says = "The journal's processor (${which}) has no rest."
      }
      "JournalDiskFull-${which}" = {
        namespace = "AWS/RDS", metric = "FreeStorageSpace", of = { DBInstanceIdentifier = id }
        stat      = "Minimum", below = var.postgres.storage_gb * pow(1024, 3) / 10, severity = "page", says = "A tenth of the journal's disk (${which}) is left."
      }
      "JournalMemoryShort-${which}" = {
        namespace = "AWS/RDS", metric = "FreeableMemory", of = { DBInstanceIdentifier = id }
        stat      = "Minimum", below = 128 * 1024 * 1024, periods = 5, says = "The journal (${which}) has hardly any memory left."
      }
    }]...),
    {
      JournalConnectionsFull = {
        namespace = "AWS/RDS", metric = "DatabaseConnections", of = { DBInstanceIdentifier = var.postgres.id }
        above     = floor(var.postgres.connections_max * local.early), severity = "page", says = "Four in five of the journal's connections are taken."
      }
      JournalDiskQueue = {
        namespace = "AWS/RDS", metric = "DiskQueueDepth", of = { DBInstanceIdentifier = var.postgres.id }
        stat      = "Average", above = 64, periods = 5, says = "Commits wait for the journal's disk."
      }
    },
    var.postgres.replica_id == null ? {} : {
      ReplicaLate = {
        namespace = "AWS/RDS", metric = "ReplicaLag", of = { DBInstanceIdentifier = var.postgres.replica_id }
        above     = 30, says = "The replica is more than thirty seconds behind."
      }
    },
  )

  of_the_ledger = merge([for member in var.redis_members : {
    "LedgerMemoryFull-${member}" = {
      namespace = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", of = { CacheClusterId = member }
      above     = 80, severity = "page", says = "${member} has a fifth of its memory left; at the end it refuses, and claims wait."
    }
    "LedgerBusy-${member}" = {
      namespace = "AWS/ElastiCache", metric = "EngineCPUUtilization", of = { CacheClusterId = member }
      stat      = "Average", above = 80, periods = 5, severity = "page", says = "${member} has no rest: scripts wait."
    }
    "LedgerThrowsOut-${member}" = {
      namespace = "AWS/ElastiCache", metric = "Evictions", of = { CacheClusterId = member }
      stat      = "Sum", above = 0, periods = 1, severity = "page", says = "${member} threw out keys, which its settings forbid."
    }
  }]...)

  # Asked over all nodes, because MemoryDB may replace one under another name. Silence rings: a ledger that nobody counts is not watched.
  of_memorydb = { for name, alarm in {
    LedgerMemoryFull = {
      asks  = "MAX(DatabaseMemoryUsagePercentage)", missing = "breaching"
      above = 80, periods = 3, says = "A node of the ledger has a fifth of its memory left; at the end it refuses, and claims wait."
    }
    LedgerBusy = {
      asks  = "MAX(EngineCPUUtilization)", missing = "breaching"
      above = 80, periods = 5, says = "A node of the ledger has no rest: scripts wait."
    }
    LedgerThrowsOut = {
      asks  = "SUM(Evictions)", missing = "notBreaching"
      above = 0, periods = 1, says = "The ledger threw out keys, which its settings forbid."
    }
  } : name => merge(alarm, { query = "SELECT ${alarm.asks} FROM \"AWS/MemoryDB\" WHERE ClusterName = '${var.memorydb}'", severity = "page" }) if var.memorydb != null }

  broker = { Broker = var.rabbitmq.broker }
  # Of a cluster the name alone tells the sum of three nodes, and the first that is full stops all of them.
  of_its_nodes = { for metric, worst in { RabbitMQMemUsed = "MAX", RabbitMQDiskFree = "MIN", SystemCpuUtilization = "MAX" } : metric => {
    namespace = var.rabbitmq.cluster ? null : "AWS/AmazonMQ"
    metric    = var.rabbitmq.cluster ? null : metric
    of        = var.rabbitmq.cluster ? null : local.broker
    stat      = worst == "MIN" ? "Minimum" : "Maximum"
    query     = var.rabbitmq.cluster ? "SELECT ${worst}(${metric}) FROM SCHEMA(\"AWS/AmazonMQ\", Broker, Node) WHERE Broker = '${var.rabbitmq.broker}'" : null
  } }
  of_the_brokers = { for name, alarm in {
    BrokerMemoryFull = {
      asks  = "RabbitMQMemUsed"
      above = floor(var.rabbitmq.memory_limit_mb * 1024 * 1024 * local.early), severity = "page", says = "A broker fills its memory; at its limit none takes claims."
    }
    BrokerDiskFull = {
      asks = "RabbitMQDiskFree"
      # Amazon stops a single broker at 10 GiB, a cluster's node at 2.
      below = (var.rabbitmq.cluster ? 3 : 12) * pow(1024, 3), severity = "page", says = "A broker's disk is nearly full; at its limit none takes claims."
    }
    BrokerBusy = {
      asks  = "SystemCpuUtilization"
      above = 80, periods = 5, says = "A broker's processor has no rest."
    }
  } : name => merge(local.of_its_nodes[alarm.asks], alarm) }
  of_the_queue = {
    BrokerQueuesGrow = {
      namespace = "AWS/AmazonMQ", metric = "MessageReadyCount", of = local.broker
      above     = floor(var.queue_max * local.early), severity = "page", says = "Four in five of what the claims queues store is taken; at the bound claims get 503."
    }
  }

  of_the_mail = {
    MailFails = {
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", of = { QueueName = var.email.dead_queue }
      above     = 0, periods = 1, severity = "page", says = "A letter could not be written in three tries."
    }
    MailWaits = {
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", of = { QueueName = var.email.queue }
      above     = 600, says = "A letter has waited for ten minutes."
    }
    MailBounces = {
      namespace = "AWS/SES", metric = "Reputation.BounceRate", of = {}
      above     = 0.04, period = 3600, periods = 1, says = "More than four letters in a hundred come back: at ten SES stops sending."
    }
    MailComplaints = {
      namespace = "AWS/SES", metric = "Reputation.ComplaintRate", of = {}
      above     = 0.0008, period = 3600, periods = 1, says = "Readers call our letters spam: at one in a thousand SES looks at us."
    }
    MailLedgerThrottled = {
      namespace = "AWS/DynamoDB", metric = "ThrottledRequests", of = { TableName = var.email.table, Operation = "UpdateItem" }
      stat      = "Sum", above = 10, says = "The send ledger is asked too fast; letters wait."
    }
    UploadsFail = {
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", of = { QueueName = var.uploads_dead_queue }
      above     = 0, periods = 1, says = "An upload could not be looked at in five tries."
    }
  }

  of_the_functions = merge(
    {
      # lambda-capacity is called a few times a day, and again where it fails: CapacityFails tells when it gave up.
      "FunctionFails-${var.email.function}" = {
        namespace = "AWS/Lambda", metric = "Errors", of = { FunctionName = var.email.function }
        stat      = "Sum", above = 5, severity = "page", says = "${var.email.function} fails."
      }
    },
    merge([for name in [var.email.function, var.capacity.function] : {
      "FunctionThrottled-${name}" = {
        namespace = "AWS/Lambda", metric = "Throttles", of = { FunctionName = name }
        stat      = "Sum", above = 10, periods = 5, says = "${name} is asked for more often at one time than it may be."
      }
    }]...),
    {
      CapacityFails = {
        namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", of = { QueueName = var.capacity.dead_queue }
        above     = 0, periods = 1, severity = "page", says = "The fleet may not grow before the next sale: lambda-capacity gave up on a call."
      }
    },
  )

  of_the_ways_out = merge([for zone, id in var.nats : {
    "WayOutFull-${zone}" = {
      namespace = "AWS/NATGateway", metric = "ErrorPortAllocation", of = { NatGatewayId = id }
      stat      = "Sum", above = 0, severity = "page", says = "No port is left from ${zone} to the payment provider."
    }
  }]...)
}
