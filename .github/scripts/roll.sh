#!/usr/bin/env bash
# Rolls one role to an image: a new node is ready before an old one goes, the old one asks its sockets to come back, each in its own
# time, and alarms are listened to until some minutes after the last. If one rings, Auto Scaling goes back by itself.
#
# Without judges nobody is listened to: on the way back the alarm still rings that sent us there.
#
# usage: NAME=miaosha-staging JUDGES="alarm alarm …" roll.sh publisher …/publisher@sha256:… [ami-…]
set -euo pipefail
role=$1 image=$2 system=${3:-}
: "${NAME:?}" "${JUDGES?}"
group=$NAME-$role
parameter=/$NAME/$role/image
[[ $image =~ ^[A-Za-z0-9./:_-]+@sha256:[0-9a-f]{64}$ ]] || { echo "not named by its digest: $image" >&2; exit 1; }

# Amazon's newest system, unless one is named: this is how nodes are patched.
[ -n "$system" ] || system=$(aws ssm get-parameter --name /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 \
  --query Parameter.Value --output text)
# The first lines of what a node does at its first boot name our image; nothing else is changed.
# shellcheck disable=SC2016 # `$Latest` is AWS's word.
newest=$(aws ec2 describe-launch-template-versions --launch-template-name "$group" --versions '$Latest' \
  --query 'LaunchTemplateVersions[0].{version: VersionNumber, boot: LaunchTemplateData.UserData}' --output json)
boot=$(jq -r .boot <<< "$newest" | base64 -d)
grep -q "^IMAGE='" <<< "$boot" || { echo "the template of $group names no image" >&2; exit 1; }
# shellcheck disable=SC2001 # A line of many is replaced, by its beginning.
boot=$(sed "s|^IMAGE='.*'\$|IMAGE='$image'|" <<< "$boot" | base64 -w0)
version=$(aws ec2 create-launch-template-version --launch-template-name "$group" \
  --source-version "$(jq -r .version <<< "$newest")" --version-description "$image" \
  --launch-template-data "$(jq -n --arg boot "$boot" --arg system "$system" '{UserData: $boot, ImageId: $system}')" \
  --query LaunchTemplateVersion.VersionNumber --output text)

preferences=$(jq -n --arg judges "$JUDGES" '{
  MinHealthyPercentage: 100, MaxHealthyPercentage: 200, InstanceWarmup: 60, SkipMatching: false,
  ScaleInProtectedInstances: "Refresh", StandbyInstances: "Ignore"
} + if $judges == "" then {} else {
  BakeTime: 300, AutoRollback: true, AlarmSpecification: {Alarms: ($judges | split(" "))}
} end')
desired=$(jq -n --arg name "$group" --arg version "$version" '{LaunchTemplate: {LaunchTemplateName: $name, Version: $version}}')
refresh=$(aws autoscaling start-instance-refresh --auto-scaling-group-name "$group" --strategy Rolling \
  --preferences "$preferences" --desired-configuration "$desired" --query InstanceRefreshId --output text)

echo "$group: rolling to $image"
told=
while :; do
  now=$(aws autoscaling describe-instance-refreshes --auto-scaling-group-name "$group" --instance-refresh-ids "$refresh" \
    --query 'InstanceRefreshes[0].{status: Status, percent: PercentageComplete, why: StatusReason}' --output json)
  status=$(jq -r .status <<< "$now")
  line="$group: $status $(jq -r '"\(.percent // 0) % \(.why // "")"' <<< "$now")"
  [ "$line" = "$told" ] || echo "$line"
  told=$line
  case $status in
    Successful) break ;;
    Failed | Cancelled | RollbackFailed | RollbackSuccessful) exit 1 ;;
  esac
  sleep "${POLL_S:-15}"
done
aws ssm put-parameter --name "$parameter" --value "$image" --type String --overwrite >/dev/null
