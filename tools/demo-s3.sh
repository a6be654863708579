#!/usr/bin/env bash
# Shows that servers over one bucket stand in for each other, with real processes: starts an S3
# engine (versitygw), three servers over one bucket and a balancer (haproxy), uploads a file
# and downloads it again while a server is killed every second and started again, so that two
# are alive, compares every byte, and prints what was sent again. Without haproxy, two servers have the two
# addresses of the name localhost, and the client finds the one that lives.
#
#   tools/demo-s3.sh [BINARY]
#
# SIZE is the length of the file in MiB, 1024 by default. The script exits with 1 if a copy
# fails or differs, and leaves nothing behind but build/tools/versitygw.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-bin/tranship}")
size=${SIZE:-1024}
limit=300 # seconds for one copy, with all its repetitions

fail() { echo "demo-s3: $*" >&2; exit 1; }

[[ -x $binary ]] || fail "there is no program $binary: run make build"
engine=$(command -v versitygw || true)
if [[ -z $engine ]]; then
  engine=$PWD/build/tools/versitygw
  if [[ ! -x $engine ]]; then
    echo "demo-s3: building versitygw; this takes a few minutes"
    GOBIN=$PWD/build/tools timeout 15m go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 >/dev/null 2>&1 ||
      fail "versitygw is missing and cannot be built: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0"
  fi
fi
haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy || true)

dir=$(mktemp -d)
declare -A processes=()
cleanup() {
  trap - EXIT
  for name in "${!processes[@]}"; do kill -KILL "${processes[$name]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# open PORT reports whether a process listens on a port of 127.0.0.1.
open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port prints a port that no process listens on.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)) && open "$port"; do :; done
  echo "$port"
}

# await WHAT COMMAND... waits for at most 20 seconds until a command succeeds.
await() {
  local what=$1
  shift
  for _ in {1..200}; do
    if "$@"; then return; fi
    sleep 0.1
  done
  fail "$what did not start: $(tail -n 3 "$dir"/*.log 2>/dev/null)"
}

export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demodemo AWS_EC2_METADATA_DISABLED=true
mkdir -p "$dir/objects/bucket"
engine_port=$(free_port)
"$engine" --port "127.0.0.1:$engine_port" --access demo --secret demodemo --quiet --keep-alive posix "$dir/objects" >"$dir/engine.log" 2>&1 &
processes[engine]=$!
await "the S3 engine" open "$engine_port"

# serve NAME starts a server on its address.
serve() {
  rm -f "$dir/$1.ready"
  "$binary" serve --store s3://bucket/demo --s3-endpoint "http://127.0.0.1:$engine_port" --s3-path-style \
    --listen "${addresses[$1]}" --ready-file "$dir/$1.ready" >>"$dir/$1.log" 2>&1 &
  processes[$1]=$!
}

declare -A addresses=()
if [[ -n $haproxy ]]; then
  names=(one two three)
  for name in "${names[@]}"; do addresses[$name]=127.0.0.1:$(free_port); done
  balancer_port=$(free_port) stats_port=$(free_port)
  {
    printf 'defaults\n  mode tcp\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n  retries 3\n  option redispatch\n'
    # Connections are spread, and those to a server that is gone are cut at once.
    printf 'listen tranship\n  bind 127.0.0.1:%s\n  balance roundrobin\n' "$balancer_port"
    for name in "${names[@]}"; do printf '  server %s %s check inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions\n' "$name" "${addresses[$name]}"; done
    printf 'frontend stats\n  mode http\n  bind 127.0.0.1:%s\n  stats enable\n  stats uri /\n' "$stats_port"
  } >"$dir/haproxy.cfg"
  "$haproxy" -db -f "$dir/haproxy.cfg" >"$dir/haproxy.log" 2>&1 &
  processes[haproxy]=$!
  await haproxy open "$balancer_port"
  target=grpc://127.0.0.1:$balancer_port
else
  names=(one two)
  port=$(free_port)
  addresses=([one]=127.0.0.1:$port [two]=[::1]:$port)
  target=grpc://localhost:$port
  echo "haproxy is not installed: two servers have the addresses of localhost instead"
fi
for name in "${names[@]}"; do serve "$name"; done
for name in "${names[@]}"; do await "the server $name" test -s "$dir/$name.ready"; done

# traffic prints the bytes that clients have sent and received; "0 0" if that is not known.
traffic() {
  [[ -n $haproxy ]] || { echo 0 0; return; }
  exec 3<>"/dev/tcp/127.0.0.1/$stats_port"
  printf 'GET /;csv HTTP/1.0\r\n\r\n' >&3
  awk -F, '$1 == "tranship" && $2 == "FRONTEND" { print $9, $10 }' <&3
  exec 3>&-
}

# copy WHAT SRC DST copies while a server is killed every second.
copy() {
  local what=$1 before after began=$EPOCHREALTIME kills=0 victim=0
  before=$(traffic)
  # On a slow machine no server may live long enough for 16 attempts: the same command resumes.
  timeout "$limit" bash -c 'until "$@"; do [[ $? == 1 ]] || exit; done' copy "$binary" cp -v "$2" "$3" >/dev/null 2>"$dir/copy.log" &
  processes[copy]=$!
  while sleep 1 && kill -0 "${processes[copy]}" 2>/dev/null; do
    local name=${names[victim % ${#names[@]}]}
    kill -KILL "${processes[$name]}" && kills=$((kills + 1))
    wait "${processes[$name]}" 2>/dev/null || true
    serve "$name"
    await "the server $name" test -s "$dir/$name.ready"
    victim=$((victim + 1))
  done
  local code=0
  wait "${processes[copy]}" || code=$?
  unset 'processes[copy]'
  ((code == 0)) || fail "the $what failed: $(tail -n 3 "$dir/copy.log")"
  after=$(traffic)
  awk -v what="$what" -v size="$size" -v kills="$kills" -v began="$began" -v ended="$EPOCHREALTIME" -v before="$before" -v after="$after" \
    -v resumed="$(grep -c 'resuming' "$dir/copy.log" || true)" 'BEGIN {
      split(before, b); split(after, a)
      moved = (what == "upload" ? a[1] - b[1] : a[2] - b[2]) / 1048576
      printf "%-9s %d MiB in %.1f s, %d servers killed, %d times resumed", what, size, ended - began, kills, resumed
      if (moved > 0) printf ", %.1f MiB sent again (%.1f%%)", moved - size, (moved - size) * 100 / size
      print ""
    }'
}

head -c "${size}M" /dev/urandom >"$dir/source"
copy upload "$dir/source" "$target/file"
copy download "$target/file" "$dir/target"
cmp "$dir/source" "$dir/target" || fail "the copy differs"
cmp "$dir/source" "$dir/objects/bucket/demo/file" || fail "the object differs"
echo "every byte is the same"
