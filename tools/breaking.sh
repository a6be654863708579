#!/usr/bin/env bash
# Fails if the .proto files are incompatible with an older version of them. The older version
# is that of the given commit; without one, it is the first of these that exists and differs
# from HEAD: the latest tag, origin/main, HEAD~1.
set -euo pipefail
cd "$(dirname "$0")/.."

commit() { git rev-parse --quiet --verify "$1^{commit}"; }

against=${1:-}
if [[ -n $against ]]; then
  commit "$against" >/dev/null || {
    echo "breaking: commit $against does not exist" >&2
    exit 2
  }
else
  here=$(commit HEAD || true)
  for candidate in "$(git describe --tags --abbrev=0 2>/dev/null || true)" origin/main HEAD~1; do
    if [[ -n $candidate ]] && found=$(commit "$candidate") && [[ $found != "$here" ]]; then
      against=$candidate
      break
    fi
  done
fi
if [[ -z $against ]] || ! git cat-file -e "$against:proto" 2>/dev/null ||
  ! git cat-file -e "$against:buf.yaml" 2>/dev/null; then
  echo "breaking: skipped: no earlier version of the .proto files exists"
  exit 0
fi

older=$(mktemp -d)
trap 'rm -rf "$older"' EXIT
git archive "$against" proto buf.yaml | tar --extract --file=- --directory="$older"
go tool -modfile=tools/go.mod buf breaking --against "$older"
echo "breaking: compatible with $against ($(git rev-parse --short "$against"))"
