#!/usr/bin/env bash
# What a deployment does, and what it undoes: deploy.sh, roll.sh and function.sh with somebody else in the place of AWS.
set -euo pipefail
cd "$(dirname "$0")"
scripts=$(dirname "$PWD")
AWS_PLAYED=$(mktemp -d)
export AWS_PLAYED NAME=shop JUDGES='oversold slow' ARTIFACTS_BUCKET=a STATIC_BUCKET=s DISTRIBUTION=d POLL_S=0
trap 'rm -rf "$AWS_PLAYED"' EXIT
PATH=$PWD:$PATH
cd "$AWS_PLAYED"

named() { printf 'r/%s@sha256:' "$1"; printf "$2%.0s" {1..64}; }
code=$(printf 'the new code' | sha256sum | cut -d' ' -f1)
begin() {
  echo '[]' > ringing
  echo nobody > bad
  echo 7 > live
  : > told
  printf '{"CodeSha256": "%s"}' "$(printf 'the new code' | openssl dgst -sha256 -binary | base64)" > code
  for role in consumer general publisher; do
    mkdir -p "shop/$role"
    named "$role" 0 > "shop/$role/image"
  done
  jq -n --arg code "$code" --arg c "$(named consumer 1)" --arg g "$(named general 1)" --arg p "$(named publisher 1)" \
    '{version: "v1.0.0", images: {consumer: $c, general: $g, publisher: $p}, functions: {email: {key: "functions/email/v1.0.0.zip", sha256: $code}}}' > release.json
}
deploy() { "$scripts/deploy.sh" "$1" > said 2>&1; }
expect() {
  diff <(cat) told || { echo "NOT as it should be: $1" >&2; cat said >&2; exit 1; }
  echo "ok: $1"
}
all='["oversold","slow"]'

begin
deploy release.json || { cat said >&2; exit 1; }
expect 'functions, consumers, generals, publishers, pages, in this order, and alarms are listened to' <<END
function 8
shop-consumer r/consumer 1 $all
shop-general r/general 1 $all
shop-publisher r/publisher 1 $all
pages s3://s/static/
pages static/
END
grep -q "^REGION='here'" boot
grep -qx ami-newest system

: > told
deploy before.json || { cat said >&2; exit 1; }
expect 'the way back leads to what was there, and listens to nobody' <<END
function 7
shop-consumer r/consumer 0 []
shop-general r/general 0 []
shop-publisher r/publisher 0 []
pages before-static/
END
grep -qx ami-before system

begin
echo shop-publisher > bad
if deploy release.json; then echo 'it should have failed' >&2; exit 1; fi
expect 'an alarm in the last roll brings back what was moved before it, the last one first' <<END
function 8
shop-consumer r/consumer 1 $all
shop-general r/general 1 $all
shop-publisher r/publisher 1 $all
shop-general r/general 0 []
shop-consumer r/consumer 0 []
function 7
END
grep -qx ami-before system

begin
echo '["slow"]' > ringing
if deploy release.json; then echo 'it should have failed' >&2; exit 1; fi
expect 'nothing is moved while an alarm rings already' < /dev/null

begin
jq '.functions.email.sha256 = "0"' release.json > other.json
if deploy other.json; then echo 'it should have failed' >&2; exit 1; fi
expect 'code that is not what was signed is not made live' < /dev/null

begin
jq '.images.consumer = "r/consumer:latest"' release.json > other.json
if deploy other.json; then echo 'it should have failed' >&2; exit 1; fi
expect 'an image that is named by a tag is not rolled, and the function goes back' <<END
function 8
function 7
END

begin
echo same | tee code-live > code-LATEST
[ "$("$scripts/function.sh" capacity --settings 2> said)" = 7 ]
expect 'settings are made live with the code that is live' <<END
function 8
END

begin
echo other > code-LATEST
if "$scripts/function.sh" capacity --settings > said 2>&1; then echo 'it should have failed' >&2; exit 1; fi
expect 'code that was moved back does not come with the settings' < /dev/null
