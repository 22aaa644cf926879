//! What the stand-in for AWS does not remember of what it was told, and so the only things that a second plan may want.

use serde_json::Value;

/// Attributes by type of resource that it takes and reads back empty, or as something else. Queues, functions, aliases, buckets,
/// schedules, roles and tables are not in here: of those it must remember everything.
const FORGOTTEN: &[(&str, &[&str])] = &[
    (
        "aws_autoscaling_group",
        &[
            "capacity_reservation_specification",
            "default_instance_warmup",
            "enabled_metrics",
            "instance_maintenance_policy",
            "max_instance_lifetime",
            "target_group_arns",
        ],
    ),
    ("aws_cloudfront_response_headers_policy", &["remove_headers_config"]),
    (
        "aws_cloudwatch_metric_alarm",
        &[
            "actions_enabled",
            "alarm_actions",
            "alarm_description",
            "dimensions",
            "extended_statistic",
            "ok_actions",
            "period",
            "statistic",
            "treat_missing_data",
        ],
    ),
    ("aws_db_instance", &["backup_window", "enabled_cloudwatch_logs_exports", "performance_insights_kms_key_id"]),
    ("aws_elasticache_parameter_group", &["parameter"]),
    ("aws_elasticache_replication_group", &["auto_minor_version_upgrade", "kms_key_id"]),
    ("aws_flow_log", &["iam_role_arn", "max_aggregation_interval", "tags_all"]),
    ("aws_iam_service_linked_role", &["custom_suffix", "description"]),
    (
        "aws_instance",
        &[
            "associate_public_ip_address",
            "credit_specification",
            "ebs_optimized",
            "metadata_options",
            "monitoring",
            "root_block_device",
            "subnet_id",
            "vpc_security_group_ids",
        ],
    ),
    ("aws_launch_template", &["block_device_mappings"]),
    (
        "aws_mq_broker",
        &[
            "encryption_options",
            "engine_type",
            "logs",
            "maintenance_window_start_time",
            "security_groups",
            "subnet_ids",
            "user",
        ],
    ),
    ("aws_sesv2_email_identity", &["configuration_set_name", "dkim_signing_attributes"]),
    ("aws_vpc_endpoint", &["policy", "private_dns_enabled", "security_group_ids"]),
    ("aws_vpc_security_group_ingress_rule", &["description"]),
    ("aws_wafv2_web_acl", &["custom_response_body"]),
];
/// What follows from an address that a forgotten resource would get anew: their changes have no value of their own.
const FOLLOWING: [&str; 2] = ["aws_route53_record", "aws_secretsmanager_secret_version"];

/// What a plan wants besides, and how many resources are excused.
pub fn wanted(plan: &Value) -> (Vec<String>, usize) {
    let (mut wrong, mut excused) = (vec![], 0);
    for resource in plan["resource_changes"].as_array().into_iter().flatten() {
        let change = &resource["change"];
        if change["actions"] == serde_json::json!(["no-op"]) || change["actions"] == serde_json::json!(["read"]) {
            continue;
        }
        let kind = resource["type"].as_str().unwrap_or_default();
        let changed = changed(change);
        let may = FORGOTTEN.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, attributes)| *attributes);
        let beyond: Vec<_> = changed.iter().filter(|name| !may.contains(&name.as_str())).cloned().collect();
        let follows = FOLLOWING.contains(&kind) && changed.is_empty();
        if beyond.is_empty() && (follows || !may.is_empty()) {
            excused += 1;
        } else {
            wrong.push(format!("{} {}: {}", change["actions"], resource["address"], beyond.join(", ")));
        }
    }
    (wrong, excused)
}

/// Attributes whose value is known and another; nothing, in whatever form, is nothing.
fn changed(change: &Value) -> Vec<String> {
    let none = serde_json::Map::new();
    let fields = |name: &str| change[name].as_object().unwrap_or(&none);
    let (before, after, unknown) = (fields("before"), fields("after"), fields("after_unknown"));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let differs = |name: &&&String| {
        let (was, will) = (before.get(**name).unwrap_or(&Value::Null), after.get(**name).unwrap_or(&Value::Null));
        unknown.get(**name) != Some(&Value::Bool(true)) && was != will && !(is_nothing(was) && is_nothing(will))
    };
    names.iter().filter(differs).map(|name| (*name).clone()).collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(kind: &str, before: Value, after: Value) -> Value {
        let change = json!({"actions": ["update"], "before": before, "after": after, "after_unknown": {"id": true}});
        json!({"resource_changes": [{"address": "a", "type": kind, "change": change}]})
    }

    #[test]
    fn only_what_the_stand_in_forgets_is_excused() {
        let forgotten = plan(
            "aws_wafv2_web_acl",
            json!({"custom_response_body": []}),
            json!({"custom_response_body": [1], "id": null}),
        );
        assert_eq!(wanted(&forgotten), (vec![], 1));
        let besides = plan("aws_wafv2_web_acl", json!({"scope": "REGIONAL"}), json!({"scope": "CLOUDFRONT"}));
        assert_eq!(wanted(&besides).0, ["[\"update\"] \"a\": scope"]);
        let queue = plan("aws_sqs_queue", json!({"delay_seconds": 0}), json!({"delay_seconds": 9}));
        assert_eq!(wanted(&queue).0.len(), 1);
        let nothing = plan("aws_flow_log", json!({"tags": {}}), json!({"tags": null}));
        assert_eq!(wanted(&nothing), (vec![], 1));
    }
}
