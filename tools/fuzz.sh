#!/usr/bin/env bash
# Runs every fuzz target of the repository, one after another, for TIME each. The targets in
# deep, in which faults are the hardest to find, run for at least half of LONG. Those in raced
# run under the race detector, six times for each second of LONG, because they are slow.
set -euo pipefail
cd "$(dirname "$0")/.."

# go test -fuzz of an older Go sometimes fails with "context deadline exceeded" when the time
# of a target ends; see go.dev/issue/75804.
export GOTOOLCHAIN=go1.27.1+auto

fuzztime=${1:?usage: fuzz.sh TIME [LONG], in seconds, such as 10s 60s}
long=${2:-$fuzztime}
half=$((${long%s} / 2 > ${fuzztime%s} ? ${long%s} / 2 : ${fuzztime%s}))s

module=$(go list -m)
deep=("$module FuzzValidatePath" "$module/internal/partfile FuzzReadJournal" "$module/store/disk FuzzReadJournal" "$module/client FuzzUploads")
# Targets that exercise many goroutines.
raced=("$module/server FuzzMessages")

list=$(mktemp)
trap 'rm -f "$list"' EXIT

# For each package, go test prints the names of its targets, and then "ok" and the package.
go test -list '^Fuzz' ./... >"$list" || {
  cat "$list" >&2
  exit 1
}
targets=$(awk '/^Fuzz/ {names[n++] = $1}
  /^ok/ {for (i = 0; i < n; i++) print $2, names[i]; n = 0}' "$list")
if [[ -z $targets ]]; then
  echo "fuzz: no fuzz targets found" >&2
  exit 1
fi

while read -r package name; do
  time=$fuzztime flags=()
  for target in "${deep[@]}"; do
    if [[ "$package $name" == "$target" ]]; then time=$half; fi
  done
  for target in "${raced[@]}"; do
    if [[ "$package $name" == "$target" ]]; then time=$((6 * ${long%s}))x flags=(-race); fi
  done
  echo "fuzz: $package $name for $time" "${flags[@]}"
  go test "${flags[@]}" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 1s "$package"
done <<<"$targets"
