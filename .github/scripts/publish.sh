#!/usr/bin/env bash
# Makes one image of the two processors', signs it as this workflow, and writes down what the version is made of.
#
# usage: REGISTRY=… VERSION=v1.2.3 COMMIT=… ARTIFACTS_BUCKET=… publish.sh   (beside `built/`, which build.sh left)
set -euo pipefail
: "${REGISTRY:?}" "${VERSION:?}" "${COMMIT:?}" "${ARTIFACTS_BUCKET:?}"

aws ecr get-login-password | docker login --username AWS --password-stdin "${REGISTRY%%/*}"
docker buildx create --use --name release >/dev/null

release=$(jq -n --arg version "$VERSION" --arg commit "$COMMIT" '{version: $version, commit: $commit, images: {}, functions: {}}')
for image in publisher consumer general provider; do
  parts=()
  for arch in amd64 arm64; do
    parts+=("$REGISTRY/$image@$(jq -r '."containerimage.digest"' "built/$image.$arch.json")")
  done
  docker buildx imagetools create --tag "$REGISTRY/$image:$VERSION" "${parts[@]}"
  digest=$(docker buildx imagetools inspect "$REGISTRY/$image:$VERSION" --format '{{json .Manifest}}' | jq -r .digest)
  # Without a key: the signature says which workflow of which repository made it, and a public log says when.
  cosign sign --yes --recursive "$REGISTRY/$image@$digest"
  release=$(jq --arg name "$image" --arg image "$REGISTRY/$image@$digest" '.images[$name] = $image' <<< "$release")
done
for file in built/*.sha256; do
  name=$(basename "$file" .sha256)
  release=$(jq --arg name "$name" --arg key "functions/$name/$VERSION.zip" --arg sha256 "$(cat "$file")" \
    '.functions[$name] = {key: $key, sha256: $sha256}' <<< "$release")
done

echo "$release" > release.json
cosign sign-blob --yes --bundle release.bundle release.json
for file in release.json release.bundle; do
  aws s3 cp --quiet "$file" "s3://$ARTIFACTS_BUCKET/functions/releases/$VERSION/$file"
done

# Whom nodes believe that they speak with the journal; taken here, so that a node that starts asks nobody outside.
region=$(aws configure get region || echo "$AWS_REGION")
curl -sSf --retry 3 "https://truststore.pki.rds.amazonaws.com/$region/$region-bundle.pem" -o rds.pem
grep -q 'BEGIN CERTIFICATE' rds.pem
aws s3 cp --quiet rds.pem "s3://$ARTIFACTS_BUCKET/trust/rds-$region.pem"

tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}" < release.json
