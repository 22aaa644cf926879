#!/usr/bin/env bash
# Builds every image for the processor of this machine and pushes each by its digest, with a list of what it is made of and of how
# it was built; and, on Graviton, the functions' code. Leaves what it pushed in `built/`.
#
# usage: REGISTRY=… VERSION=v1.2.3 ARTIFACTS_BUCKET=… build.sh arm64
set -euo pipefail
arch=$1
: "${REGISTRY:?}" "${VERSION:?}" "${ARTIFACTS_BUCKET:?}"
mkdir -p built

aws ecr get-login-password | docker login --username AWS --password-stdin "${REGISTRY%%/*}"
docker buildx create --use --name release >/dev/null

for image in publisher consumer general provider; do
  docker buildx build . --target "$image" --platform "linux/$arch" \
    --sbom=true --provenance=mode=max --label "org.opencontainers.image.version=$VERSION" \
    --output "type=image,name=$REGISTRY/$image,push-by-digest=true,name-canonical=true,push=true" \
    --metadata-file "built/$image.$arch.json"
done

# Functions run on Graviton alone.
[ "$arch" = arm64 ] || exit 0
docker buildx build . --target functions --platform linux/arm64 --output type=local,dest=functions
for program in functions/lambda-*; do
  name=${program#functions/lambda-}
  # The functions' system is Amazon Linux 2023, whose C library is older than Debian's.
  newest=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
  if [ "$(printf '%s\n' "$newest" GLIBC_2.34 | sort -V | tail -1)" != GLIBC_2.34 ]; then
    echo "$program needs $newest; the functions' system has GLIBC_2.34" >&2
    exit 1
  fi
  install -D -m 0755 "$program" "pack/$name/bootstrap"
  (cd "pack/$name" && TZ=UTC touch -d 2000-01-01 bootstrap && zip -q -X "../../built/$name.zip" bootstrap)
  aws s3 cp --quiet "built/$name.zip" "s3://$ARTIFACTS_BUCKET/functions/$name/$VERSION.zip"
  sha256sum "built/$name.zip" | cut -d' ' -f1 > "built/$name.sha256"
  rm "built/$name.zip"
done
