"""What an environment finds in an account before its first apply: the functions' code in a bucket, and the zone of its domain. Stands
behind aws.py."""

s3, zones = client("s3"), client("route53")
bucket, domain = ask["artifacts_bucket"], ask["domain"]
s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": ask["region"]})
for key, binary in ask["codes"].items():
    s3.put_object(Bucket=bucket, Key=key, Body=package(binary))
zone = zones.create_hosted_zone(Name=domain, CallerReference=domain)["HostedZone"]["Id"]
json.dump({"zone_id": zone.rpartition("/")[2]}, sys.stdout)
