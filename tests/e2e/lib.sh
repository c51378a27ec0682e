# shellcheck shell=bash disable=SC2034
# lib.sh - sourced by the end-to-end tests: a scratch folder, the program, and checks that say what they saw.
#
# FREEANCHOR is the program (default: the release build). A test script exits with 0 if all checks held, 77 if it cannot run here.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
freeanchor=${FREEANCHOR:-$root/build/release/freeanchor}
shared=${FA_SHARED_DIR:-$root/../shared}
configs=$root/configs
small_config=$root/tests/e2e/small.json
. "$root/launch/mpi.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # tests may run in a container

# at_exit COMMAND: when the test ends, however it does. A child that a signal meets before its program runs still has the traps of
# the test, but must not act on them.
at_exit() {
  # shellcheck disable=SC2064
  trap "if ((BASHPID == $$)); then $1; fi" EXIT
}

scratch=$(mktemp -d)
at_exit 'rm -rf "$scratch"'
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

skip() {
  echo "skipped: $*"
  exit 77
}

# expect CODE TEXT COMMAND...: the command exits with CODE and says TEXT on either stream.
expect() {
  local code=$1 text=$2 got output
  shift 2
  output=$("$@" 2>&1)
  got=$?
  if [ "$got" -ne "$code" ]; then
    fail "exit code $got, expected $code: $*"
    echo "$output" | tail -n 5
  elif [[ $output != *"$text"* ]]; then
    fail "expected to read \"$text\": $*"
    echo "$output" | tail -n 5
  else
    echo "ok: ${*: -1:1} -> $code $(echo "$output" | tail -n 1 | cut -c -150)"
  fi
}

# must COMMAND...: the command succeeds, or the test ends. Its output is in the file $last_log.
must() {
  last_log=$(mktemp "$scratch/log.XXXXXX")
  if ! "$@" >"$last_log" 2>&1; then
    cat "$last_log"
    echo "FAILED: $*"
    exit 1
  fi
}

# number FILE KEY: the value of a key in the JSON object on a file's last line.
number() {
  tail -n 1 "$1" | grep -o "\"$2\": *[-0-9.e+]*" | head -n 1 | sed 's/.*: *//'
}

# holds 'EXPRESSION' WORDS: awk's idea of a numerical condition; NaN and empty values fail.
holds() {
  if [[ $1 != *nan* && $1 != *inf* ]] && awk "BEGIN { exit !($1) }" 2>/dev/null; then
    echo "ok: $2: $1"
  else
    fail "$2: $1"
  fi
}

# own_rank: in a shell command that ranks run, which of them it is.
own_rank='${OMPI_COMM_WORLD_RANK:-$PMI_RANK}'

# two_ranks COMMAND COMMAND: two ranks, each with a shell command of its own. Where mpirun is given two programs, that of Debian's
# Open MPI 5.0.7 crashes.
two_ranks() {
  MPIEXEC_TIMEOUT=120 run_ranks 2 bash -c "[ $own_rank = 0 ] || shift; eval \"exec \$1\"" bash "$1" "$2"
}

finish() {
  [ "$failures" -eq 0 ] && echo "all checks held" && exit 0
  echo "$failures checks failed"
  exit 1
}
