#!/usr/bin/env bash
# Builds the files of a release into DIRECTORY: for each system a static binary and the list of
# its contents (CycloneDX), one archive of man pages and shell completions, and SHA256SUMS of
# all of them. The same commit and the same Go give the same bytes on any machine; make
# release-check verifies it.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?usage: release.sh DIRECTORY VERSION [SYSTEM/ARCHITECTURE...]}
version=${2:?usage: release.sh DIRECTORY VERSION [SYSTEM/ARCHITECTURE...]}
targets=("${@:3}")
if ((${#targets[@]} == 0)); then targets=(linux/amd64 linux/arm64 darwin/arm64 windows/amd64); fi

# Nothing from the environment except Go itself influences the binaries.
export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOEXPERIMENT='' GOAMD64=v1 GOARM64=v8.0 GOFIPS140=off GOWORK=off
# The build cache for the published binaries. The tools below use the default cache.
cache=${RELEASE_GOCACHE:-$(go env GOCACHE)}

rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
lister=$(mktemp -d)
trap 'rm -rf "$lister"' EXIT
# The lists contain the hash of the tool that writes them, so it is built reproducibly as well.
go build -modfile=tools/go.mod -trimpath -buildvcs=false -o "$lister/" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

for target in "${targets[@]}"; do
  system=${target%/*}
  name=tranship_${version}_${target/\//_}
  if [[ $system == windows ]]; then name+=.exe; fi
  GOCACHE=$cache GOOS=$system GOARCH=${target#*/} go build -tags grpcnotrace -trimpath -buildvcs=false \
    -ldflags "-s -w -buildid= -X main.version=$version" -o "$out/$name" ./cmd/tranship
  # The list is made from the binary and not from go.mod, so that it has exactly the modules in it.
  "$lister/cyclonedx-gomod" bin -json -std -noserial -notimestamp -version "$version" \
    -output "$out/$name.cdx.json" "$out/$name"
done

# The man pages have the date of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
go build -tags man -trimpath -buildvcs=false -ldflags "-X main.version=$version" -o "$lister/documented" ./cmd/tranship
"$lister/documented" man "$out/tranship_${version}_man.tar.gz"
cd "$out"
# macOS has shasum instead of sha256sum.
if command -v sha256sum >/dev/null; then sha256sum -- tranship_*; else shasum -a 256 -- tranship_*; fi >"$lister/sums"
mv "$lister/sums" SHA256SUMS
cat SHA256SUMS
