#!/usr/bin/env bash
# Brings what a list names into an environment: functions, consumers, generals, publishers, pages. What fails is moved back by Auto
# Scaling itself; what was moved before it, by this script. Leaves in `before.json` what was there, in the same form.
#
# usage: NAME=… JUDGES=… ARTIFACTS_BUCKET=… STATIC_BUCKET=… DISTRIBUTION=… deploy.sh release.json
set -euo pipefail
list=$1
here=$(dirname "$0")
: "${NAME:?}" "${JUDGES:?}" "${STATIC_BUCKET:?}" "${DISTRIBUTION:?}"
wanted() { jq -r "$1 // empty" "$list"; }

# What goes back is not judged: something rings, that is why.
pages=$(wanted .pages)
[ -z "$pages" ] || JUDGES=

# Nobody may judge a release in a house that burns already.
ringing=$(aws cloudwatch describe-alarms --state-value ALARM --query 'MetricAlarms[].AlarmName' --output json)
for judge in $JUDGES; do
  if jq -e --arg judge "$judge" 'index($judge)' <<< "$ringing" >/dev/null; then
    echo "$judge rings before anything was moved" >&2
    exit 1
  fi
done

before='{"images": {}, "systems": {}, "functions": {}}'
done_roles=() done_functions=()
back() {
  echo "moving back" >&2
  for (( n = ${#done_roles[@]} - 1; n >= 0; n-- )); do
    mapfile -t there < <(jq -r --arg role "${done_roles[n]}" '.images[$role], .systems[$role]' <<< "$before")
    JUDGES='' "$here/roll.sh" "${done_roles[n]}" "${there[@]}" || echo "${done_roles[n]} is NOT back" >&2
  done
  for (( n = ${#done_functions[@]} - 1; n >= 0; n-- )); do
    "$here/function.sh" "${done_functions[n]}" --version "$(jq -r --arg name "${done_functions[n]}" '.functions[$name].version' <<< "$before")" >/dev/null \
      || echo "${done_functions[n]} is NOT back" >&2
  done
}

# A function waits for nobody's socket, so it goes first: it must bear old and new letters alike.
for name in email capacity; do
  key=$(wanted ".functions.$name.key") was=$(wanted ".functions.$name.version")
  if [ -n "$was" ]; then
    old=$("$here/function.sh" "$name" --version "$was") || { back; exit 1; }
  elif [ -n "$key" ]; then
    old=$("$here/function.sh" "$name" "$key" "$(wanted ".functions.$name.sha256")") || { back; exit 1; }
  else
    continue
  fi
  done_functions+=("$name")
  before=$(jq --arg name "$name" --arg old "$old" '.functions[$name] = {version: $old}' <<< "$before")
done

# Consumers first: whoever starts first migrates, and a consumer that fails stops nobody at the door. Publishers last: a socket comes
# back once, to a house that is new already.
for role in consumer general publisher; do
  image=$(wanted ".images.$role") system=$(wanted ".systems.$role")
  old=$(aws ssm get-parameter --name "/$NAME/$role/image" --query Parameter.Value --output text)
  before=$(jq --arg role "$role" --arg old "$old" '.images[$role] = $old' <<< "$before")
  if [ "$image" = "$old" ]; then
    echo "$role runs it already"
    continue
  fi
  # shellcheck disable=SC2016 # `$Latest` is AWS's word.
  under=$(aws ec2 describe-launch-template-versions --launch-template-name "$NAME-$role" --versions '$Latest' \
    --query 'LaunchTemplateVersions[0].LaunchTemplateData.ImageId' --output text)
  before=$(jq --arg role "$role" --arg under "$under" '.systems[$role] = $under' <<< "$before")
  "$here/roll.sh" "$role" "$image" ${system:+"$system"} || { back; exit 1; }
  done_roles+=("$role")
done
[ -n "$pages" ] || jq '.pages = "before-static"' <<< "$before" > before.json

# Pages last: new pages may ask what only new nodes answer. Old pages in a browser ask what both answer.
[ -n "$pages" ] || aws s3 sync "s3://$STATIC_BUCKET/static/" before-static/ --delete --only-show-errors
aws s3 sync "${pages:-static}/" "s3://$STATIC_BUCKET/static/" --exclude '*' --include 'pages/*' --include 'js/*' --include 'css/*' --include 'img/*' \
  --delete --only-show-errors --cache-control 'public, max-age=0, s-maxage=31536000, must-revalidate'
aws cloudfront create-invalidation --distribution-id "$DISTRIBUTION" --paths '/*' --query Invalidation.Id --output text
