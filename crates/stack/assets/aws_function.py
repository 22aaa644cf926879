"""One of our Lambda functions in AWS, with the alias `live` that everybody calls.

Asks for it through the AWS API, so the stand-in gets exactly what the real thing would. May be run again: then the alias moves.
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

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ask = json.load(sys.stdin)
functions = botocore.session.get_session().create_client(
    "lambda",
    region_name=ask["region"],
    endpoint_url=ask["endpoint"],
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(connect_timeout=2, read_timeout=60, retries={"total_max_attempts": 3}),
)


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


name = ask["name"]
settings = {
    "FunctionName": name,
    "Timeout": ask["function_timeout_s"],
    "Environment": {"Variables": ask["variables"]},
}
code = package(ask["binary"])
try:
    functions.create_function(
        Runtime="provided.al2023",
        Role=f"arn:aws:iam::000000000000:role/{name}",
        Handler="bootstrap",
        Code={"ZipFile": code},
        MemorySize=256,
        **settings,
    )
except ClientError as error:
    if error.response["Error"]["Code"] != "ResourceConflictException":
        raise
    functions.update_function_code(FunctionName=name, ZipFile=code)
    functions.update_function_configuration(**settings)
version = functions.publish_version(FunctionName=name)["Version"]
try:
    live = functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
except ClientError as error:
    if error.response["Error"]["Code"] != "ResourceConflictException":
        raise
    live = functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
json.dump({"live_arn": live["AliasArn"]}, sys.stdout)
