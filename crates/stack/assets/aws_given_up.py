"""What people do by hand before an environment is destroyed (docs/deploy.md): the send ledger may go, and what lies in buckets is taken
out. Stands behind aws.py."""

dynamodb, s3, groups = client("dynamodb"), client("s3"), client("autoscaling")
name = ask["name"]
dynamodb.update_table(TableName=f"{name}-mail-sent", DeletionProtectionEnabled=False)
for bucket in s3.list_buckets()["Buckets"]:
    if not bucket["Name"].startswith(f"{name}-"):
        continue
    found = s3.list_object_versions(Bucket=bucket["Name"])
    for version in found.get("Versions", []) + found.get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket["Name"], Key=version["Key"], VersionId=version["VersionId"])
json.dump(None, sys.stdout)
