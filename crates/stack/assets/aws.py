"""What every set-up asks of AWS: its clients, and one of our functions.

Everything goes through the AWS API, so the stand-in gets exactly what the real thing would. May be run again.
Stands before a set-up that reads one JSON object from standard input as `ask` and writes one to standard output.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ask = json.load(sys.stdin)
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


functions = client("lambda")


def there_already(error, *codes):
    if error.response["Error"]["Code"] not in codes:
        raise error


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


def function(function_name, role, variables):
    code, environment = package(ask["binary"]), {"Variables": variables}
    try:
        functions.create_function(
            FunctionName=function_name,
            Runtime="provided.al2023",
            Role=f"arn:aws:iam::000000000000:role/{role}",
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
