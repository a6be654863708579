#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after another, each for the time given.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=${1:?usage: fuzz.sh TIME, such as 10s}

list=$(mktemp)
trap 'rm -f "$list"' EXIT

# go test prints a package's targets, and then "ok" and the package.
go test -list '^Fuzz' ./... >"$list" || {
  cat "$list" >&2
  exit 1
}
targets=$(awk '/^Fuzz/ {names[n++] = $1}
  /^ok/ {for (i = 0; i < n; i++) print $2, names[i]; n = 0}' "$list")
if [[ -z $targets ]]; then
  echo "fuzz: there are no fuzz targets" >&2
  exit 1
fi

while read -r package name; do
  echo "fuzz: $package $name"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$fuzztime" "$package"
done <<<"$targets"
