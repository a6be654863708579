#!/usr/bin/env bash
# Prints the licence of this project, and those of the modules in BINARY.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:?usage: licenses.sh BINARY}

export GOFLAGS=-mod=readonly GOWORK=off
printf 'Tranship is under the Apache License 2.0:\n\n'
cat LICENSE
go list -m -f '{{.Path}} {{.Dir}}' all | sort |
  join - <(go version -m "$binary" | awk '$1 == "dep" {print $2}' | sort) |
  while read -r path dir; do
    for file in "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE*; do
      if [[ -f $file ]]; then
        printf '\n%s\n\nThe module %s, %s:\n\n' "$(printf '=%.0s' {1..80})" "$path" "$(basename "$file")"
        cat "$file"
      fi
    done
  done
printf '\n%s\n\n' "$(printf '=%.0s' {1..80})"
cat server/internal/page/assets/licenses.txt
