#!/usr/bin/env bash
# Runs govulncheck. A database that cannot be reached is no failure, but is said;
# findings and all other errors are failures.
set -euo pipefail
cd "$(dirname "$0")/.."

report=$(mktemp)
trap 'rm -f "$report"' EXIT

if go tool -modfile=tools/go.mod govulncheck ./... >"$report" 2>&1; then
  cat "$report"
  exit 0
else
  code=$?
fi
unreachable='fetching vulnerabilities: .*(no such host|server misbehaving|connection refused|network is unreachable|no route to host|timeout|deadline exceeded)'
if grep --quiet --extended-regexp "$unreachable" "$report"; then
  echo "vuln: skipped: the vulnerability database is not reachable:"
  sed 's/^/  /' "$report"
  exit 0
fi
cat "$report" >&2
exit "$code"
