#!/usr/bin/env bash
# Fails if the generated code is stale: generates it again, in a copy of the working tree, and
# compares.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# Copies tracked and new files, with uncommitted changes, but no ignored or deleted ones.
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
