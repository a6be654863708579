#!/usr/bin/env bash
# Makes the packages of a release, and checks them: their contents and scripts, and the .deb by an
# installation into a copy of this system, where the installed server starts as its user with its
# configuration, stores a file and stops. Needs root on Debian with rpm and systemd, which it installs
# if they are missing. RELEASE names the directory of packages of version v0.0.0 that exist already.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "package-check: $*" >&2
  exit 1
}
if ((EUID != 0)) || ! command -v dpkg >/dev/null; then fail "run it as root on Debian"; fi
missing=()
if ! command -v rpm >/dev/null; then missing+=(rpm); fi
if ! command -v systemd-analyze >/dev/null; then missing+=(systemd); fi
if ((${#missing[@]} > 0)); then
  echo "package-check: installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
fi

work=$(mktemp -d)
server=
cleanup() {
  local directory
  if [[ -n $server ]] && kill -KILL "$server" 2>/dev/null; then wait "$server" || true; fi
  for directory in "$work/root/proc" "$work/root" "$work/layers"; do
    if mountpoint --quiet "$directory"; then umount "$directory"; fi
  done
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
release=${RELEASE:-}
if [[ -z $release ]]; then
  release=$work/release
  tools/release.sh "$release" v0.0.0 "linux/$(go env GOARCH)" >/dev/null
  tools/package.sh "$release" v0.0.0
fi
deb=$(echo "$release"/*.deb) rpm=$(echo "$release"/*.rpm)
(cd "$release" && sha256sum --quiet --check SHA256SUMS) || fail "SHA256SUMS does not match the files"

# Both packages have the same files.
dpkg-deb --contents "$deb" | awk '$1 !~ /^d/ {print substr($6, 2)}' | sed 's|/zsh/vendor-completions/|/zsh/site-functions/|' | sort >"$work/deb"
rpm -qp --list "$rpm" | sort >"$work/rpm"
diff "$work/deb" "$work/rpm" || fail "the packages have different files"
for file in /usr/bin/tranship /etc/tranship/tranship.yaml /usr/lib/systemd/system/tranship.service \
  /usr/share/man/man1/tranship-serve.1.gz /usr/share/bash-completion/completions/tranship /usr/share/doc/tranship/copyright; do
  grep --quiet --line-regexp --fixed-strings "$file" "$work/deb" || fail "the packages do not have $file"
done
[[ $(dpkg-deb --field "$deb" Version) == 0.0.0* ]] || fail "the version of the .deb is $(dpkg-deb --field "$deb" Version)"
[[ $(rpm -qp --queryformat '%{LICENSE} %{VERSION}' "$rpm") == "Apache-2.0 0.0.0" ]] || fail "the .rpm has another license or version"
[[ $(rpm -qp --configfiles "$rpm") == /etc/tranship/tranship.yaml ]] || fail "an update of the .rpm would replace the configuration"
rpm -qp --scripts "$rpm" >"$work/scripts"
for script in postinstall preuninstall postuninstall; do
  grep --quiet "^$script scriptlet" "$work/scripts" || fail "the .rpm has no script $script"
done
for script in deploy/package/*.sh; do sh -n "$script" || fail "$script is no shell script"; done

# A copy of this system, whose changes are in memory.
mkdir "$work/layers" "$work/root"
mount -t tmpfs tmpfs "$work/layers"
mkdir "$work/layers/upper" "$work/layers/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/layers/upper,workdir=$work/layers/work" "$work/root"
mount -t proc proc "$work/root/proc"
in_root() { chroot "$work/root" "$@"; }
cp "$deb" "$work/root/tmp/tranship.deb"
in_root dpkg --install /tmp/tranship.deb >/dev/null
[[ $(in_root stat --format='%U %G %a' /etc/tranship/tranship.yaml) == "root tranship 640" ]] || fail "the mode of the configuration is wrong"
[[ $(in_root stat --format='%U %G %a' /var/lib/tranship) == "tranship tranship 750" ]] || fail "the mode of the state is wrong"
in_root systemd-analyze verify --man=no /usr/lib/systemd/system/tranship.service || fail "systemd does not accept the unit"
in_root systemd-analyze security --offline=true --threshold=20 /usr/lib/systemd/system/tranship.service >/dev/null || fail "the unit is exposed more than 2.0"

# The installed server, as its user, with its configuration except the ports.
in_root tranship config check --config /etc/tranship/tranship.yaml >/dev/null || fail "the configuration has mistakes"
chroot "$work/root" env TRANSHIP_LISTEN=127.0.0.1:0 TRANSHIP_ADMIN=127.0.0.1:0 TRANSHIP_READY_FILE=/var/lib/tranship/ready \
  setpriv --reuid tranship --regid tranship --init-groups --no-new-privs --bounding-set=-all \
  tranship serve --config /etc/tranship/tranship.yaml 2>"$work/log" &
server=$!
for ((i = 0; i < 600; i++)); do
  if [[ -s $work/root/var/lib/tranship/ready ]] || ! kill -0 "$server" 2>/dev/null; then break; fi
  sleep 0.1
done
[[ -s $work/root/var/lib/tranship/ready ]] || fail "the server does not start: $(cat "$work/log")"
address=$(cat "$work/root/var/lib/tranship/ready")
head --bytes=3000000 /dev/urandom >"$work/file"
"$work/root/usr/bin/tranship" cp --quiet "$work/file" "grpc://$address/file"
cmp "$work/file" "$work/root/var/lib/tranship/files/file" || fail "the stored file differs"
[[ $(in_root stat --format=%U /var/lib/tranship/files/file) == tranship ]] || fail "the server does not run as its user"
"$work/root/usr/bin/tranship" doctor --quiet --write "grpc://$address/" || fail "doctor finds a problem"
kill -TERM "$server"
wait "$server" || fail "the server does not stop well: $(cat "$work/log")"
server=

# Removal keeps the configuration, and purging the files of clients.
in_root dpkg --remove tranship >/dev/null
[[ -e $work/root/etc/tranship/tranship.yaml ]] || fail "removal takes the configuration away"
in_root dpkg --purge tranship >/dev/null 2>&1
[[ ! -e $work/root/etc/tranship/tranship.yaml ]] || fail "purging leaves the configuration"
[[ -e $work/root/var/lib/tranship/files/file ]] || fail "purging takes files away"

# rpm does not know what dpkg has installed.
cp "$rpm" "$work/root/tmp/tranship.rpm"
in_root rpm --install --nodeps /tmp/tranship.rpm || fail "rpm does not install the .rpm"
cmp "$release"/tranship_v0.0.0_linux_*[0-9] "$work/root/usr/bin/tranship" || fail "rpm installs another program"
[[ $(in_root stat --format='%U %G %a' /etc/tranship/tranship.yaml) == "root tranship 640" ]] || fail "the mode of the configuration of the .rpm is wrong"
in_root rpm --erase tranship || fail "rpm does not remove the package"
[[ -e $work/root/var/lib/tranship/files/file && ! -e $work/root/usr/bin/tranship ]] || fail "rpm removes too much or too little"
echo "package-check: both packages have $(wc -l <"$work/deb") files, and work"
