#!/usr/bin/env bash
# Builds tranship as it was at a commit into build/before/tranship, for the benchmark to
# compare with. This script never fails: the benchmark skips a missing program and reports it.
set -uo pipefail
cd "$(dirname "$0")/.."
commit=$1
to=$PWD/build/before

if [[ -x $to/tranship && $(cat "$to/commit" 2>/dev/null) == "$commit" ]]; then exit 0; fi
rm -rf "$to"
mkdir -p "$to/source"
trap 'rm -rf "$to/source"' EXIT
if git archive "$commit" | tar -x -C "$to/source" &&
  (cd "$to/source" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$to/tranship" ./cmd/tranship); then
  echo "$commit" >"$to/commit"
else
  echo "bench: cannot build $commit: the benchmark will skip it" >&2
fi
