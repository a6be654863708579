#!/usr/bin/env bash
# Installs the programs that the benchmark compares with, if they are missing: as root, from
# Debian's packages; and an S3 server, which Debian does not have, from its Go module into
# build/tools. This script never fails: the benchmark skips missing programs and reports
# them.
set -uo pipefail
cd "$(dirname "$0")/.."

# PACKAGE|COMMAND: the command succeeds if the package is installed.
needs=(
  "rsync|rsync --version"
  "openssh-client|command -v scp"
  "openssh-server|test -x /usr/sbin/sshd"
  "nginx-light|test -x /usr/sbin/nginx"
  "curl|curl --version"
  "strace|strace --version"
  "python3-grpcio|/usr/bin/python3 -c 'import grpc'"
  "python3-protobuf|/usr/bin/python3 -c 'import google.protobuf'"
  "protobuf-compiler|protoc --version"
  "protobuf-compiler-grpc|command -v grpc_python_plugin"
  "rclone|rclone version"
  "linux-perf|perf --version"
)

missing=()
for need in "${needs[@]}"; do
  if ! bash -c "${need#*|}" >/dev/null 2>&1; then missing+=("${need%%|*}"); fi
done

# build MODULE/PATH@VERSION builds a server from its Go module, unless it is installed.
build() {
  local name=${1%@*}
  name=${name##*/}
  if [[ -x build/tools/$name ]] || command -v "$name" >/dev/null; then return; fi
  echo "bench: building $1; this takes a few minutes"
  GOBIN=$PWD/build/tools timeout 15m go install "$1" >/dev/null 2>&1 ||
    echo "bench: cannot build $1: the benchmark will skip it" >&2
}
build github.com/tus/tusd/v2/cmd/tusd@v2.9.1
# Only the complete run has S3.
if [[ ${1:-} == all ]]; then build github.com/versity/versitygw/cmd/versitygw@v1.8.0; fi

if ((${#missing[@]} == 0)); then exit 0; fi

if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "bench: not installed, so the benchmark will skip them (run as root on Debian to install): ${missing[*]}" >&2
  exit 0
fi

# Packages of servers start the server when they are installed. This policy prevents it,
# because the benchmark starts its own servers. An existing policy is kept.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi

echo "bench: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# One by one, so that a package that the mirror lacks does not prevent the others.
for package in "${missing[@]}"; do
  apt-get install -qq --yes --no-install-recommends "$package" >/dev/null ||
    echo "bench: cannot install $package: the benchmark will skip it" >&2
done
exit 0
