#!/usr/bin/env bash
# Makes the container image of a release twice, and checks it: both are identical, its settings and
# files are right, crane pushes it to a registry on loopback, and the server starts in its files as
# its user with its settings, stores a file and stops. Needs root on Linux, and no other program.
# RELEASE names the directory of binaries of version v0.0.0 that exist already.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "container-check: $*" >&2
  exit 1
}
if ((EUID != 0)) || [[ $(uname) != Linux ]]; then fail "run it as root on Linux"; fi

work=$(mktemp -d)
server= registry=
cleanup() {
  local process
  for process in $server $registry; do
    if kill -KILL "$process" 2>/dev/null; then wait "$process" 2>/dev/null || true; fi
  done
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
# await FILE PROCESS waits a minute at most until the file has text or the process ends.
await() {
  local i
  for ((i = 0; i < 600; i++)); do
    if [[ -s $1 ]] || ! kill -0 "$2" 2>/dev/null; then break; fi
    sleep 0.1
  done
  [[ -s $1 ]]
}
arch=$(go env GOARCH)
release=$work/release
if [[ -n ${RELEASE:-} ]]; then
  mkdir "$release"
  cp "$RELEASE"/tranship_v0.0.0_linux_"$arch"{,.cdx.json} "$release/"
else
  tools/release.sh "$release" v0.0.0 "linux/$arch" >/dev/null
fi
# A second system needs any static program.
other=arm64
if [[ $arch == arm64 ]]; then other=amd64; fi
printf 'package main\n\nfunc main() {}\n' >"$work/program.go"
GOOS=linux GOARCH=$other CGO_ENABLED=0 go build -o "$release/tranship_v0.0.0_linux_$other" "$work/program.go"
echo '{}' >"$release/tranship_v0.0.0_linux_$other.cdx.json"
(cd tools/container && go build -o "$work/crane" github.com/google/go-containerregistry/cmd/crane)

# The same release gives the same bytes, also with another directory, zone and mask.
archive=$release/tranship_v0.0.0_container.tar
tools/container.sh "$release" v0.0.0
(cd "$release" && sha256sum --quiet --check SHA256SUMS) || fail "SHA256SUMS does not match the files"
mkdir "$work/again"
cp "$release"/tranship_v0.0.0_linux_* "$work/again/"
(umask 077 && TZ=Asia/Tokyo tools/container.sh "$work/again" v0.0.0)
cmp "$archive" "$work/again/tranship_v0.0.0_container.tar" || fail "two images of the same release differ"
rm -r "$work/again"

# A registry has the image of both systems, with correct digests, after a push of the layout.
mkdir "$work/layout"
tar --extract --file="$archive" --directory="$work/layout"
"$work/crane" registry serve --address 127.0.0.1:0 2>"$work/registry" &
registry=$!
await "$work/registry" "$registry" || fail "the registry does not start"
image=127.0.0.1:$(sed -n 's/.*serving on port //p' "$work/registry")/tranship:v0.0.0
"$work/crane" push "$work/layout" "$image" >/dev/null 2>"$work/log" || fail "crane does not push the image: $(cat "$work/log")"
"$work/crane" validate --remote "$image" >"$work/log" 2>&1 || fail "crane does not accept the image: $(cat "$work/log")"
[[ $("$work/crane" config --platform "linux/$other" "$image") == *"\"architecture\":\"$other\""* ]] || fail "the registry has no image for $other"

"$work/crane" config --platform "linux/$arch" "$image" >"$work/config"
for want in "\"architecture\":\"$arch\"" '"User":"65532:65532"' '"Entrypoint":["/usr/bin/tranship"]' '"Cmd":["serve"]' \
  '"ExposedPorts":{"50051/tcp":{},"9464/tcp":{}}' '"Volumes":{"/data":{}}' '"StopSignal":"SIGTERM"' \
  '"Env":["PATH=/usr/bin","TRANSHIP_ROOT=/data/files","TRANSHIP_LISTEN=127.0.0.1:50051","TRANSHIP_ADMIN=127.0.0.1:9464"]' \
  '"org.opencontainers.image.licenses":"Apache-2.0"' '"org.opencontainers.image.version":"v0.0.0"'; do
  grep --quiet --fixed-strings "$want" "$work/config" || fail "the settings of the image do not have $want: $(cat "$work/config")"
done

# The layers, as a container sees them.
mkdir "$work/root"
"$work/crane" manifest --platform "linux/$arch" "$image" | grep --only-matching '"layers":.*' |
  grep --only-matching 'sha256:[0-9a-f]*' | sed 's|:|/|' >"$work/layers"
while read -r layer; do
  tar --extract --gzip --numeric-owner --file="$work/layout/blobs/$layer" --directory="$work/root"
done <"$work/layers"
(cd "$work/root" && find . -mindepth 1 -printf '%P %m %U:%G\n' | LC_ALL=C sort) >"$work/files"
diff - "$work/files" <<'FILES' || fail "the files of the image are not the expected ones"
data 750 65532:65532
etc 755 0:0
etc/group 644 0:0
etc/passwd 644 0:0
etc/ssl 755 0:0
etc/ssl/certs 755 0:0
etc/ssl/certs/ca-certificates.crt 644 0:0
tmp 1777 0:0
usr 755 0:0
usr/bin 755 0:0
usr/bin/tranship 755 0:0
usr/share 755 0:0
usr/share/doc 755 0:0
usr/share/doc/tranship 755 0:0
usr/share/doc/tranship/copyright 644 0:0
usr/share/doc/tranship/modules.cdx.json 644 0:0
FILES
binary=$release/tranship_v0.0.0_linux_$arch
cmp "$binary" "$work/root/usr/bin/tranship" || fail "the image has another program"
cmp "$binary.cdx.json" "$work/root/usr/share/doc/tranship/modules.cdx.json" || fail "the image has another list of modules"
grep --quiet '^The module google.golang.org/grpc, LICENSE' "$work/root/usr/share/doc/tranship/copyright" || fail "the image has no licences of modules"
authorities=$(grep --count '^-----BEGIN CERTIFICATE-----' "$work/root/etc/ssl/certs/ca-certificates.crt")
((authorities > 100)) || fail "the image has $authorities authorities"

# The server, as the user of the image, with its settings except the ports.
chmod 0711 "$work"
settings=()
while read -r setting; do settings+=("$setting"); done < <(sed 's/.*"Env":\["\([^]]*\)"\].*/\1/; s/","/\n/g' "$work/config")
env --ignore-environment "${settings[@]}" TRANSHIP_LISTEN=127.0.0.1:0 TRANSHIP_ADMIN=127.0.0.1:0 TRANSHIP_READY_FILE=/tmp/ready \
  "$(command -v setpriv)" --no-new-privs "$(command -v chroot)" --userspec=65532:65532 --groups=65532 "$work/root" /usr/bin/tranship serve 2>"$work/log" &
server=$!
await "$work/root/tmp/ready" "$server" || fail "the server does not start: $(cat "$work/log")"
address=$(cat "$work/root/tmp/ready")
head --bytes=3000000 /dev/urandom >"$work/file"
"$binary" cp --quiet "$work/file" "grpc://$address/file"
cmp "$work/file" "$work/root/data/files/file" || fail "the stored file differs"
[[ $(stat --format=%u:%g "$work/root/data/files/file") == 65532:65532 ]] || fail "the server does not run as the user of the image"
kill -TERM "$server"
wait "$server" || fail "the server does not stop well: $(cat "$work/log")"
server=
echo "container-check: the image has $(wc -l <"$work/files") files and directories and $authorities authorities, and works"
