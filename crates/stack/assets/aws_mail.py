"""The mail's way in AWS: queue, dead-letter queue, send ledger, the function and what wakes it.

Asks for it all through the AWS API, so the stand-in gets exactly what the real thing would. May be run again.
Reads one JSON object from standard input, writes one to standard output.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from email.utils import parseaddr

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ask = json.load(sys.stdin)
name = ask["name"]
session = botocore.session.get_session()
config = Config(connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 3})


def client(service):
    return session.create_client(
        service,
        region_name=ask["region"],
        endpoint_url=ask["endpoint"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


sqs, dynamodb, functions, ses = client("sqs"), client("dynamodb"), client("lambda"), client("sesv2")


def there_already(error, *codes):
    if error.response["Error"]["Code"] not in codes:
        raise error


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


def package(binary):
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        # A debug binary is mostly what debuggers read; uploading and unpacking that takes longer than all the rest.
        lean = os.path.join(folder, "bootstrap")
        if shutil.which("strip"):
            subprocess.run(["strip", "-o", lean, binary], check=True)
        else:
            shutil.copy(binary, lean)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            packed.write(lean, "bootstrap")
    return out.getvalue()


def function(function_name, binary, variables):
    code, environment = package(binary), {"Variables": variables}
    try:
        functions.create_function(
            FunctionName=function_name,
            Runtime="provided.al2023",
            Role="arn:aws:iam::000000000000:role/lambda-email",
            Handler="bootstrap",
            Code={"ZipFile": code},
            Timeout=ask["function_timeout_s"],
            MemorySize=256,
            Environment=environment,
        )
    except ClientError as error:
        there_already(error, "ResourceConflictException")
        functions.update_function_code(FunctionName=function_name, ZipFile=code)
        functions.update_function_configuration(
            FunctionName=function_name, Timeout=ask["function_timeout_s"], Environment=environment
        )


def wake(function_name, queue_arn):
    known = functions.list_event_source_mappings(EventSourceArn=queue_arn, FunctionName=function_name)
    if not known["EventSourceMappings"]:
        functions.create_event_source_mapping(
            EventSourceArn=queue_arn,
            FunctionName=function_name,
            BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )


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
function(function_name, ask["binary"], ask["variables"] | {"MIAOSHA_EMAIL__LEDGER__TABLE": table})
wake(function_name, queue_arn)
json.dump({"queue_url": queue_url, "dead_url": dead_url, "table": table}, sys.stdout)
