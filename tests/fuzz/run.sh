#!/usr/bin/env bash
# Builds the fuzzers and runs each for a while, one after another; prints a table. Goes on after a find; exits with 1 if there is one.
#
# usage: tests/fuzz/run.sh [SECONDS] [READER...]        (default: 60 seconds, all readers; hosts is that of launch/hosts.sh)
#
# build/fuzz/corpus/READER keeps what was of interest for the next time, build/fuzz/finds/READER what went wrong.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

seconds=${1:-60}
[ $# -eq 0 ] || shift
readers=("$@")
build=build/fuzz

mkdir -p build
cmake --preset fuzz >"$build.log" 2>&1 && cmake --build --preset fuzz >>"$build.log" 2>&1 || { tail -n 20 "$build.log"; exit 1; }
rm -f "$build.log"
if [ ${#readers[@]} -eq 0 ]; then
  for program in "$build"/fuzz_*; do readers+=("${program##*/fuzz_}"); done
  readers+=(hosts)
fi

# Where a reader begins: small files of its own, and those that its tests read.
seeds() {
  find "tests/fuzz/corpus/$1" -maxdepth 0 2>/dev/null
  case $1 in
    pth | safetensors) echo tests/weights/golden ;;
    bmp | jpeg | png | tiff | webp) echo tests/data/golden ;;
  esac
}

# last NAME LOG: the last of the numbers that libFuzzer prints after a name.
last() {
  grep -oE "$1 *[0-9]+" "$2" | tail -n 1 | grep -oE '[0-9]+$'
}

# run READER: until the time is over, beginning anew after each find. Gives executions, features, edges and megabytes.
run() {
  local corpus=$build/corpus/$1 finds=$build/finds/$1 log=$build/log-$1 end=$((SECONDS + seconds)) left runs=0 edges=0 features=0 peak=0
  mkdir -p "$corpus" "$finds"
  while left=$((end - SECONDS)) && [ "$left" -gt 0 ]; do
    # shellcheck disable=SC2046 # one word a folder
    "$build/fuzz_$1" -max_total_time="$left" -max_len=65536 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
      -artifact_prefix="$finds/" "$corpus" $(seeds "$1") >"$log" 2>&1 && left=0
    runs=$((runs + $(last 'stat::number_of_executed_units:' "$log")))
    edges=$(last 'cov:' "$log") features=$(last 'ft:' "$log")
    [ "$(last 'stat::peak_rss_mb:' "$log")" -le "$peak" ] || peak=$(last 'stat::peak_rss_mb:' "$log")
    [ "$left" -ne 0 ] || break
  done
  echo "$runs" "${edges:-0}" "${features:-0}" "$peak"
}

found=0
printf '%-12s %12s %8s %10s %9s %6s\n' reader executions edges features 'peak MiB' finds
for reader in "${readers[@]}"; do
  if [ "$reader" = hosts ]; then
    mkdir -p "$build/finds/hosts"
    read -r runs edges features peak < <(tests/fuzz/hosts.sh "$seconds" "$build/finds/hosts")
  else
    read -r runs edges features peak < <(run "$reader")
  fi
  finds=$(find "$build/finds/$reader" -type f | wc -l)
  found=$((found + finds))
  printf '%-12s %12s %8s %10s %9s %6s\n' "$reader" "$runs" "$edges" "$features" "$peak" "$finds"
done
[ "$found" -eq 0 ] || { echo "finds are in $build/finds"; exit 1; }
