#!/usr/bin/env bash
# Generates the code again in a copy of the tree, and fails if it differs.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# What git would commit, with what is not yet committed; not what was deleted.
git ls-files -z --cached --others --exclude-standard |
  while IFS= read -r -d '' file; do
    if [[ -f $file ]]; then printf '%s\0' "$file"; fi
  done |
  tar --null --files-from=- --create --file=- |
  tar --extract --file=- --directory="$copy"

make --silent --no-print-directory --directory="$copy" generate

if ! diff --recursive --brief "$copy/proto" proto ||
  ! diff --recursive --brief "$copy/test/coexist" test/coexist; then
  echo "generate-check: the generated code is stale: run 'make generate' and commit" >&2
  exit 1
fi
echo "generate-check: the generated code is up to date"
