#!/usr/bin/env bash
# Installs the programs that the interop tests need, if they are missing: as root, from
# Debian's packages. Elsewhere it fails, and names them.
set -euo pipefail

# PACKAGE|COMMAND: the command succeeds if the package is installed. The tests use Debian's
# own python3, which finds the Python modules of Debian.
needs=(
  "curl|curl --version"
  "openssl|openssl version"
  "python3-grpcio|/usr/bin/python3 -c 'import grpc.aio'"
  "python3-protobuf|/usr/bin/python3 -c 'import google.protobuf'"
  "python3-tuspy|/usr/bin/python3 -c 'import tusclient.client, tinydb'"
  "protobuf-compiler|protoc --version"
  "libprotobuf-dev|test -e /usr/include/google/protobuf/any.proto"
  "protobuf-compiler-grpc|command -v grpc_python_plugin"
  "nodejs|node --version"
  "npm|npm --version"
  "nginx|test -x /usr/sbin/nginx"
  "libnginx-mod-stream|test -e /usr/lib/nginx/modules/ngx_stream_module.so"
  "haproxy|test -x /usr/sbin/haproxy"
  "caddy|command -v caddy"
  "prometheus|command -v prometheus promtool"
)

missing=()
for need in "${needs[@]}"; do
  if ! bash -c "${need#*|}" >/dev/null 2>&1; then missing+=("${need%%|*}"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "interop: install these first: ${missing[*]}" >&2
  exit 1
fi
echo "interop: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
