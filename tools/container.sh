#!/usr/bin/env bash
# Makes the container image of a release that tools/release.sh has built into DIRECTORY, for every
# Linux binary there, as one archive of an OCI image layout, and adds it to SHA256SUMS. It needs no
# daemon and no builder of images. The same release gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
release=${1:?usage: container.sh DIRECTORY VERSION}
version=${2:?usage: container.sh DIRECTORY VERSION}
release=$(cd "$release" && pwd)

export GOFLAGS=-mod=readonly GOWORK=off
created=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
revision=$(git rev-parse --verify --quiet HEAD 2>/dev/null || true)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
(cd tools/container && go build -trimpath -buildvcs=false -o "$stage/container" .)

shopt -s nullglob
images=()
for binary in "$release/tranship_${version}_linux_"*; do
  arch=${binary##*_}
  if [[ $arch == *.* ]]; then continue; fi # a list of contents, or a package
  mkdir "$stage/$arch"
  cp "$binary" "$stage/$arch/tranship"
  cp "$binary.cdx.json" "$stage/$arch/modules.cdx.json"
  tools/licenses.sh "$binary" >"$stage/$arch/copyright"
  images+=("$stage/$arch")
done
if ((${#images[@]} == 0)); then
  echo "container.sh: $release has no binary tranship_${version}_linux_*: run tools/release.sh first" >&2
  exit 1
fi
"$stage/container" -version "$version" -revision "$revision" -created "$created" \
  -out "$release/tranship_${version}_container.tar" "${images[@]}"
cd "$release"
sha256sum -- tranship_* >"$stage/sums"
mv "$stage/sums" SHA256SUMS
