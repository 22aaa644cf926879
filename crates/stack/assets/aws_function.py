"""One of our Lambda functions in AWS, with the alias `live` that everybody calls. Stands behind aws.py. Run again, the alias moves."""

name = ask["name"]
function(name, name, ask["variables"])
version = functions.publish_version(FunctionName=name)["Version"]
try:
    live = functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
except ClientError as error:
    there_already(error, "ResourceConflictException")
    live = functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
json.dump({"live_arn": live["AliasArn"]}, sys.stdout)
