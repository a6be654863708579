#!/usr/bin/env bash
# Installs what bundles the page, and with the argument browser what tests it, if it is missing: as
# root, from Debian's packages. Elsewhere it fails, and names them.
set -euo pipefail

# PACKAGE|COMMAND: the command succeeds if the package is installed.
needs=("nodejs|node --version" "npm|npm --version")
if [[ ${1-} == browser ]]; then
  needs+=("chromium|command -v chromium" "fonts-noto-cjk|fc-list :lang=zh | grep -q ." "fontconfig|command -v fc-list"
    "nginx|test -x /usr/sbin/nginx")
fi

missing=()
for need in "${needs[@]}"; do
  if ! bash -c "${need#*|}" >/dev/null 2>&1; then missing+=("${need%%|*}"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "page: install these first: ${missing[*]}" >&2
  exit 1
fi
echo "page: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
