#!/usr/bin/env bash
# Makes a function's code live, if it is what the release says it is; or, with the code that is live, the settings that terraform gave it
# last. Prints the version that was live before.
#
# usage: NAME=miaosha-staging ARTIFACTS_BUCKET=… function.sh email functions/email/v1.2.3.zip SHA256
#        NAME=miaosha-staging function.sh email --version 7
#        NAME=miaosha-staging function.sh email --settings
set -euo pipefail
function=${NAME:?}-$1
before=$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)
if [ "$2" = --version ]; then
  version=$3
elif [ "$2" = --settings ]; then
  aws lambda wait function-updated --function-name "$function"
  code_of() { aws lambda get-function-configuration --function-name "$function" --qualifier "$1" --query CodeSha256 --output text; }
  code=$(code_of live)
  # After a way back the newest code is one that nobody wants.
  [ "$(code_of "\$LATEST")" = "$code" ] || { echo "$function: other code is live than was brought last; deploy the release that shall run, it takes the settings along" >&2; exit 1; }
  version=$(aws lambda publish-version --function-name "$function" --code-sha256 "$code" --query Version --output text)
else
  answer=$(aws lambda update-function-code --function-name "$function" --s3-bucket "${ARTIFACTS_BUCKET:?}" --s3-key "$2" --output json)
  found=$(jq -r .CodeSha256 <<< "$answer" | base64 -d | od -An -v -tx1 | tr -d ' \n')
  [ "$found" = "$3" ] || { echo "$function: the code is $found, not $3" >&2; exit 1; }
  aws lambda wait function-updated --function-name "$function"
  version=$(aws lambda publish-version --function-name "$function" --code-sha256 "$(jq -r .CodeSha256 <<< "$answer")" --query Version --output text)
fi
aws lambda update-alias --function-name "$function" --name live --function-version "$version" >/dev/null
echo "$function: live is $version, was $before" >&2
echo "$before"
