"""The mail's way in AWS: queue, dead-letter queue, send ledger, the function and what wakes it. Stands behind aws.py."""

from email.utils import parseaddr

sqs, dynamodb, ses = client("sqs"), client("dynamodb"), client("sesv2")


def queue(queue_name, attributes):
    url = sqs.create_queue(QueueName=queue_name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def send_ledger(table):
    try:
        dynamodb.create_table(
            TableName=table,
            AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.get_waiter("table_exists").wait(TableName=table)
        dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "forget_at_s"},
        )
    except ClientError as error:
        there_already(error, "ResourceInUseException")


def sender(variables):
    # SES carries only for an address that is known to be ours.
    if variables.get("MIAOSHA_EMAIL__CARRIER", "ses") == "ses":
        address = parseaddr(variables.get("MIAOSHA_EMAIL__FROM", "shop@miaosha.test"))[1]
        try:
            ses.create_email_identity(EmailIdentity=address)
        except ClientError as error:
            there_already(error, "AlreadyExistsException")


def wake(function_name, queue_arn):
    known = functions.list_event_source_mappings(EventSourceArn=queue_arn, FunctionName=function_name)
    if not known["EventSourceMappings"]:
        functions.create_event_source_mapping(
            EventSourceArn=queue_arn,
            FunctionName=function_name,
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )


name = ask["name"]
dead_url, dead_arn = queue(f"{name}-mail-dead", {"MessageRetentionPeriod": "1209600"})
queue_url, queue_arn = queue(
    f"{name}-mail",
    {
        "VisibilityTimeout": str(ask["visibility_s"]),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": ask["receives_max"]}),
    },
)
table, function_name = f"{name}-mail-sent", f"{name}-lambda-email"
send_ledger(table)
sender(ask["variables"])
function(function_name, "lambda-email", ask["variables"] | {"MIAOSHA_EMAIL__LEDGER__TABLE": table})
wake(function_name, queue_arn)
json.dump({"queue_url": queue_url, "dead_url": dead_url, "table": table}, sys.stdout)
