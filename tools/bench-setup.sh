#!/usr/bin/env bash
# Installs what the benchmark compares with and what is missing, as far as that is
# possible: from Debian's packages, as root, and an S3 server, which Debian lacks,
# from its Go module into build/tools. What cannot be had is skipped by the benchmark,
# which says so: this script never fails.
set -uo pipefail
cd "$(dirname "$0")/.."

# A package, and a command that succeeds if it is there.
needs=(
  "rsync|rsync --version"
  "openssh-client|command -v scp"
  "openssh-server|test -x /usr/sbin/sshd"
  "nginx-light|test -x /usr/sbin/nginx"
  "curl|curl --version"
  "python3-grpcio|/usr/bin/python3 -c 'import grpc'"
  "python3-protobuf|/usr/bin/python3 -c 'import google.protobuf'"
  "protobuf-compiler|protoc --version"
  "protobuf-compiler-grpc|command -v grpc_python_plugin"
  "rclone|rclone version"
)

missing=()
for need in "${needs[@]}"; do
  if ! bash -c "${need#*|}" >/dev/null 2>&1; then missing+=("${need%%|*}"); fi
done

s3=github.com/versity/versitygw/cmd/versitygw@v1.8.0
if [[ ! -x build/tools/versitygw ]] && ! command -v versitygw >/dev/null; then
  echo "bench: building $s3, which takes some minutes"
  GOBIN=$PWD/build/tools timeout 15m go install "$s3" >/dev/null 2>&1 ||
    echo "bench: cannot build $s3, it will be skipped" >&2
fi

if ((${#missing[@]} == 0)); then exit 0; fi

if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "bench: not installed, will be skipped: ${missing[*]}" >&2
  exit 0
fi

# Packages of servers start them: the benchmark starts its own. A policy that was
# there stays.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi

echo "bench: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# One by one: what a mirror lacks must not keep out the others.
for package in "${missing[@]}"; do
  apt-get install -qq --yes --no-install-recommends "$package" >/dev/null ||
    echo "bench: cannot install $package, it will be skipped" >&2
done
exit 0
