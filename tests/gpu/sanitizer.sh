# shellcheck shell=bash disable=SC2154
# sanitizer.sh - sourced by rows: a small step under a tool of compute-sanitizer.

# sanitize TOOL [FLAG...]
sanitize() {
  local tool=$1 path
  shift
  path=$(type -P compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) || skip "there is no compute-sanitizer"
  is_fake && skip "the fake device has no memory of its own"
  on_gpu bf16
  "$path" --tool "$tool" --error-exitcode 9 "$@" "$freeanchor" bench step --config "$(recipe r18)" "${gpu[@]}" --size 64x64 --objects 3 \
    --steps 1 --threads 1 >"$scratch/sanitizer" 2>&1
  figure exit_code $?
  grep -E '=========.*(ERROR SUMMARY|RACECHECK SUMMARY|Error:|Invalid|Race reported)' "$scratch/sanitizer" | head -n 20
  figure summary "$(grep -oE '(ERROR|RACECHECK) SUMMARY: .*' "$scratch/sanitizer" | tail -n 1)"
  holds "$(grep -cE 'SUMMARY: 0 ' "$scratch/sanitizer") > 0" "$tool finds nothing"
}
