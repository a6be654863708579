#!/usr/bin/env bash
# Bundles the scripts of the page into DIRECTORY, with the licences of the libraries in them. The
# lock file pins the libraries and the bundler, so that the same source gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?usage: page.sh DIRECTORY}
source=server/internal/page/source
build=build/page

command -v npm >/dev/null || { echo "page: install npm and nodejs first" >&2; exit 1; }
mkdir -p "$build" "$out"
cp "$source"/package.json "$source"/package-lock.json "$build"
if ! cmp -s "$build/package-lock.json" "$build/node_modules/.lock"; then
  (cd "$build" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  cp "$build/package-lock.json" "$build/node_modules/.lock"
fi
export NODE_PATH=$PWD/$build/node_modules
"$build/node_modules/.bin/esbuild" "$source/start.js" --bundle --minify --format=esm --target=es2022 \
  --legal-comments=none --charset=utf8 --log-level=warning --metafile="$build/meta.json" --outfile="$out/page.js"

# The packages whose code is in the bundle.
{
  echo "The script of the page has these libraries in it."
  grep -o '"build/page/node_modules/[^"]*"' "$build/meta.json" | sed -E 's,"build/page/node_modules/((@[^/]*/)?[^/]*)/.*,\1,' | LC_ALL=C sort -u |
    while read -r name; do
      printf '\n%s\n\n%s, version %s:\n\n' "$(printf '=%.0s' {1..80})" "$name" \
        "$(node -p 'require(process.argv[1]).version' "$PWD/$build/node_modules/$name/package.json")"
      cat "$build/node_modules/$name"/LICEN[CS]E*
    done
} >"$out/licenses.txt"
