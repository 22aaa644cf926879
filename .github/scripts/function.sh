#!/usr/bin/env bash
# Makes a function's code live, if it is what the release says it is. Prints the version that was live before.
#
# usage: NAME=miaosha-staging ARTIFACTS_BUCKET=… function.sh email functions/email/v1.2.3.zip SHA256
#        NAME=miaosha-staging function.sh email --version 7
set -euo pipefail
function=${NAME:?}-$1
before=$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)
if [ "$2" = --version ]; then
  version=$3
else
  answer=$(aws lambda update-function-code --function-name "$function" --s3-bucket "${ARTIFACTS_BUCKET:?}" --s3-key "$2" --output json)
  found=$(jq -r .CodeSha256 <<< "$answer" | base64 -d | od -An -v -tx1 | tr -d ' \n')
  [ "$found" = "$3" ] || { echo "$function: the code is $found, not $3" >&2; exit 1; }
  aws lambda wait function-updated-v2 --function-name "$function"
  version=$(aws lambda publish-version --function-name "$function" --code-sha256 "$(jq -r .CodeSha256 <<< "$answer")" --query Version --output text)
fi
aws lambda update-alias --function-name "$function" --name live --function-version "$version" >/dev/null
echo "$function: live is $version, was $before" >&2
echo "$before"
