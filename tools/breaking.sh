#!/usr/bin/env bash
# Fails if the .proto files break clients and servers of an older version of them:
# of the commit given, or else the latest tag, or else origin/main where that is
# another commit than this, or else the commit before this one.
set -euo pipefail
cd "$(dirname "$0")/.."

commit() { git rev-parse --quiet --verify "$1^{commit}"; }

against=${1:-}
if [[ -n $against ]]; then
  commit "$against" >/dev/null || {
    echo "breaking: there is no commit $against" >&2
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
  echo "breaking: there is no earlier version of the .proto files to compare with"
  exit 0
fi

older=$(mktemp -d)
trap 'rm -rf "$older"' EXIT
git archive "$against" proto buf.yaml | tar --extract --file=- --directory="$older"
go tool -modfile=tools/go.mod buf breaking --against "$older"
echo "breaking: compatible with $against ($(git rev-parse --short "$against"))"
