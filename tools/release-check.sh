#!/usr/bin/env bash
# Builds a release twice, in directories with different names and with different settings, the
# second time with an empty build cache. Fails unless both are identical, the checksums are
# correct, and the list of contents matches the binary. It checks one system only, because all
# are built the same way.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
fail() {
  echo "release-check: $*" >&2
  exit 1
}

# Copies tracked and new files, with uncommitted changes, but no ignored or deleted ones.
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
sha256sum --quiet --check SHA256SUMS || fail "SHA256SUMS does not match the files"
binary=tranship_v0.0.0_linux_amd64
if grep --quiet --binary-files=text --fixed-strings "$work" "$binary"; then
  fail "the binary contains the path of its build directory"
fi
# A template calls methods by name, for which the linker keeps all methods of all types.
if grep --quiet --binary-files=text --fixed-strings 'text/template.(*state).evalField' "$binary"; then
  fail "the binary executes templates, which makes it a fifth larger"
fi
[[ $(./"$binary" version) == "tranship v0.0.0 "* ]] || fail "the binary does not print its version"

# The archive has man pages and the completions of every shell.
tar --list --gzip --file=tranship_v0.0.0_man.tar.gz >"$work/documentation"
for name in man1/tranship.1 man1/tranship-serve.1 man1/tranship-cp.1 \
  completions/tranship.bash completions/_tranship completions/tranship.fish completions/tranship.ps1; do
  grep --quiet --line-regexp --fixed-strings "$name" "$work/documentation" || fail "the archive of man pages does not contain $name"
done
if ./"$binary" man "$work/refused" 2>/dev/null; then fail "the published binary has the command man, which only the build of the man pages may have"; fi

# One line, PATH@VERSION, for each module of the binary, and for each module of the list.
go version -m "$binary" | awk '$1 == "dep" {print $2 "@" $3}' | sort >"$work/linked"
sed -n 's|^ *"bom-ref": "pkg:golang/\([^?"]*\)?.*|\1|p' "$binary.cdx.json" |
  sed '/^github.com\/tranship\/tranship@/d; /^std@/d' | sort -u >"$work/listed"
[[ -s $work/linked ]] || fail "the binary does not list its modules"
diff "$work/linked" "$work/listed" || fail "the list of contents does not match the modules of the binary"
grep --quiet '"pkg:golang/std@' "$binary.cdx.json" || fail "the list of contents does not have the standard library"
echo "release-check: two builds are identical; $(wc -l <"$work/linked") modules are listed"
