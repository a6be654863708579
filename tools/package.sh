#!/usr/bin/env bash
# Makes the packages .deb and .rpm of a release that tools/release.sh has built into DIRECTORY,
# one of each for every Linux binary there, and adds them to SHA256SUMS. The same release gives the
# same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
release=${1:?usage: package.sh DIRECTORY VERSION}
version=${2:?usage: package.sh DIRECTORY VERSION}
release=$(cd "$release" && pwd)

export GOFLAGS=-mod=readonly GOWORK=off
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
(cd tools/nfpm && go build -trimpath -buildvcs=false -o "$stage/" github.com/goreleaser/nfpm/v2/cmd/nfpm)

tar --extract --gzip --file="$release/tranship_${version}_man.tar.gz" --directory="$stage"
gzip --no-name --best "$stage"/man1/*

shopt -s nullglob
for binary in "$release/tranship_${version}_linux_"*; do
  arch=${binary##*_}
  if [[ $arch == *.* ]]; then continue; fi # a list of contents, or a package
  cp "$binary" "$stage/tranship"
  cp "$binary.cdx.json" "$stage/modules.cdx.json"
  tools/licenses.sh "$binary" >"$stage/copyright"
  chmod u+w "$stage"/*
  # nfpm translates the architecture and the version for each kind of package.
  export ARCH=$arch VERSION=$version STAGE=$stage
  for kind in deb rpm; do
    "$stage/nfpm" package --config deploy/package/nfpm.yaml --packager "$kind" --target "$release/tranship_${version}_linux_$arch.$kind" >/dev/null
  done
done
cd "$release"
sha256sum -- tranship_* >"$stage/sums"
mv "$stage/sums" SHA256SUMS
