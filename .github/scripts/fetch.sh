#!/usr/bin/env bash
# Fetches what a version is made of, and believes it only if our own release workflow signed it: the list, and every image in it.
#
# usage: VERSION=v1.2.3 ARTIFACTS_BUCKET=… SIGNED_BY=https://…/release.yml@refs/tags/v1.2.3 fetch.sh
set -euo pipefail
: "${VERSION:?}" "${ARTIFACTS_BUCKET:?}" "${SIGNED_BY:?}"
[[ $VERSION =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "no version: $VERSION" >&2; exit 1; }

for file in release.json release.bundle; do
  aws s3 cp --quiet "s3://$ARTIFACTS_BUCKET/functions/releases/$VERSION/$file" "$file"
done
whom=(--certificate-identity "$SIGNED_BY" --certificate-oidc-issuer https://token.actions.githubusercontent.com)
cosign verify-blob "${whom[@]}" --bundle release.bundle release.json
[ "$(jq -r .version release.json)" = "$VERSION" ]

registry=$(jq -r '.images.publisher' release.json)
aws ecr get-login-password | docker login --username AWS --password-stdin "${registry%%/*}"
jq -r '.images[]' release.json | while read -r image; do
  cosign verify "${whom[@]}" "$image" >/dev/null
done
echo "$VERSION is ours"
