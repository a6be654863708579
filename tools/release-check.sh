#!/usr/bin/env bash
# Builds a release twice, as two people would: in directories of different names, with
# different settings, the second with nothing compiled before. Fails unless every byte is
# the same, the sums are right, and the list of contents is what is in the binary.
# One system is enough: the others are built the same way.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
fail() {
  echo "release-check: $*" >&2
  exit 1
}

# What git would commit, with what is not yet committed; not what was deleted.
for place in one another/place/with/a/longer/name; do
  mkdir -p "$work/$place"
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
      if [[ -f $file ]]; then printf '%s\0' "$file"; fi
    done |
    tar --null --files-from=- --create --file=- |
    tar --extract --file=- --directory="$work/$place"
done

"$work/one/tools/release.sh" "$work/first" v0.0.0 linux/amd64 >/dev/null
(
  umask 077
  export TZ=Asia/Tokyo LC_ALL=C GOFLAGS=-buildvcs=false GOAMD64=v3 CGO_ENABLED=1 RELEASE_GOCACHE="$work/cache"
  "$work/another/place/with/a/longer/name/tools/release.sh" "$work/second" v0.0.0 linux/amd64 >/dev/null
)
diff --recursive --brief "$work/first" "$work/second" || fail "two builds of the same files differ"

cd "$work/first"
sha256sum --quiet --check SHA256SUMS || fail "SHA256SUMS is wrong"
binary=tranship_v0.0.0_linux_amd64
if grep --quiet --binary-files=text --fixed-strings "$work" "$binary"; then
  fail "the binary tells where it was built"
fi
[[ $(./"$binary" version) == "tranship v0.0.0 "* ]] || fail "the binary does not tell its version"

# Every command has its man page, and every shell its completions.
tar --list --gzip --file=tranship_v0.0.0_man.tar.gz >"$work/documentation"
for name in man1/tranship.1 man1/tranship-serve.1 man1/tranship-cp.1 \
  completions/tranship.bash completions/_tranship completions/tranship.fish completions/tranship.ps1; do
  grep --quiet --line-regexp --fixed-strings "$name" "$work/documentation" || fail "the archive of man pages has no $name"
done
if ./"$binary" man "$work/refused" 2>/dev/null; then fail "the published program has the command that writes man pages"; fi

# A line "PATH@VERSION" for every module, of the binary and of the list.
go version -m "$binary" | awk '$1 == "dep" {print $2 "@" $3}' | sort >"$work/linked"
sed -n 's|^ *"bom-ref": "pkg:golang/\([^?"]*\)?.*|\1|p' "$binary.cdx.json" |
  sed '/^github.com\/tranship\/tranship@/d; /^std@/d' | sort -u >"$work/listed"
[[ -s $work/linked ]] || fail "the binary does not tell of its modules"
diff "$work/linked" "$work/listed" || fail "the list of contents is not what is in the binary"
grep --quiet '"pkg:golang/std@' "$binary.cdx.json" || fail "the standard library is not listed"
echo "release-check: two builds are the same; $(wc -l <"$work/linked") modules are listed"
