"""What has become of an applied environment: its letters, its fleet, its queues, how its nodes are started. Stands behind aws.py."""

import base64
import shlex
import urllib.request

sqs, dynamodb, groups = client("sqs"), client("dynamodb"), client("autoscaling")
machines, schedules, secrets = client("ec2"), client("scheduler"), client("secretsmanager")
balancers = client("elbv2")
name = ask["name"]


def depth(queue):
    kinds = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], AttributeNames=kinds)
    return sum(int(found["Attributes"][kind]) for kind in kinds)


def group(role):
    full = f"{name}-{role}"
    found = groups.describe_auto_scaling_groups(AutoScalingGroupNames=[full])["AutoScalingGroups"][0]
    actions = groups.describe_scheduled_actions(AutoScalingGroupName=full)["ScheduledUpdateGroupActions"]
    return {
        "min": found["MinSize"],
        "desired": found["DesiredCapacity"],
        "protected": sum(node["ProtectedFromScaleIn"] for node in found["Instances"]),
        "scheduled": sorted([action["ScheduledActionName"], action["MinSize"], action["DesiredCapacity"]] for action in actions),
    }


def settings(role):
    """As a node's first boot writes them down."""
    told = machines.describe_launch_template_versions(LaunchTemplateName=f"{name}-{role}", Versions=["$Latest"])
    boot = base64.b64decode(told["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"]).decode()
    lines = boot.partition("<<'SETTINGS'\n")[2].partition("\nSETTINGS\n")[0].splitlines()
    return dict(line.split("=", 1) for line in lines)


def planned():
    try:
        found = schedules.get_schedule(GroupName=f"{name}-capacity", Name="plan")
    except schedules.exceptions.ResourceNotFoundException:
        return None
    return {"input": json.loads(found["Target"]["Input"]), "on": found["State"] == "ENABLED"}


def secret(what):
    return json.loads(secrets.get_secret_value(SecretId=f"{name}/{what}")["SecretString"])


def reserved():
    arn = balancers.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
    found = balancers.describe_capacity_reservation(LoadBalancerArn=arn)
    return found.get("MinimumLoadBalancerCapacity", {}).get("CapacityUnits", 0)


with urllib.request.urlopen(ask["endpoint"] + "/_ministack/ses/messages", timeout=10) as answer:
    letters = [letter for account in json.load(answer)["messages"].values() for letter in account]
roles = ["publisher", "consumer", "general"]
json.dump(
    {
        "letters": letters,
        "sent": dynamodb.scan(TableName=f"{name}-mail-sent", Select="COUNT")["Count"],
        "queues": {queue: depth(f"{name}-{queue}") for queue in ["mail", "mail-dead", "capacity-dead", "uploads", "uploads-dead"]},
        "groups": {role: group(role) for role in roles},
        "settings": {role: settings(role) for role in roles},
        "secrets": {what: secret(what) for what in ["nodes", "staff"]},
        "plan": planned(),
        "reserved_units": reserved(),
    },
    sys.stdout,
    default=str,
)
