#!/usr/bin/env bash
# Installs S3 engines for the tests, if they are missing: versitygw from its Go module into
# build/tools, and Ceph, as root, from Debian's packages. The arguments are their names.
# Usage: engine-setup.sh [versitygw] [ceph]
set -euo pipefail
cd "$(dirname "$0")/.."

versitygw() {
  if [[ -x build/tools/versitygw ]] || type -P versitygw >/dev/null; then return; fi
  echo "engines: building versitygw; this takes some minutes"
  GOBIN=$PWD/build/tools timeout 15m go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
}

ceph() {
  local packages=(radosgw ceph-mon ceph-osd ceph-common) missing=()
  for program in radosgw ceph-mon ceph-osd ceph; do
    type -P "$program" >/dev/null || missing+=("$program")
  done
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)) || ! type -P apt-get >/dev/null; then
    echo "engines: install these first: ${packages[*]}" >&2
    exit 1
  fi
  echo "engines: installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq --yes --no-install-recommends "${packages[@]}" >/dev/null
}

for engine in "$@"; do
  case $engine in
    versitygw | ceph) "$engine" ;;
    *)
      echo "engines: $engine is none of versitygw, ceph" >&2
      exit 2
      ;;
  esac
done
