#!/usr/bin/env bash
# What is claimed of GPUs, measured on the one that is here. Each row is a script of rows/ that runs alone and can be repeated; it adds
# one record to RESULTS/results.jsonl, and what it printed to RESULTS/log.txt. Both survive being cut off at any moment.
#
# usage: tests/gpu/run.sh [quick | full | ROW...]        (default: quick)
#
#   quick    at most 3 minutes: does it start, give the same bits, agree with PyTorch, keep to its memory?
#   full     at most 5 more: how fast, beside PyTorch in the same run; how much memory; does it learn?
#
# FREEANCHOR is the program (default: build/gpu/freeanchor, see build.sh); RESULTS a folder (default: build/gpu-results); PYTHON the
# interpreter that has PyTorch (default: the first of python3 and /usr/bin/python3 that does). report.py makes a table of the records;
# those of the fake device (rehearse.sh) say `fake`.
set -uo pipefail
here=$(realpath "$(dirname "$0")")
root=$(realpath "$here/../..")
cd "$root" || exit

quick=(start same parity memcheck)
full=(speed-2 speed-1 convolutions loss inference speed-16 speed-tf32 speed-r101 speed-x101 loader groupnorm reduction bccd memcheck-step racecheck)
declare -A budget=([quick]=180 [full]=300) # seconds

export FREEANCHOR=${FREEANCHOR:-$root/build/gpu/freeanchor}
[ -x "$FREEANCHOR" ] || { echo "$FREEANCHOR is not there; build it: tests/gpu/build.sh" >&2; exit 1; }
export RESULTS=${RESULTS:-$root/build/gpu-results}
export GPU_COMMON=${GPU_COMMON:-$root/build/gpu-common}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # the machine may be a container
mkdir -p "$RESULTS" "$GPU_COMMON"

# patience: by how much more than their own time rows may take; the fake device is slow.
patience() {
  [ "$GPU_FAKE" = yes ] && echo "${PATIENCE:-10}" || echo 1
}

# tag ROW KEY: what its head says: `what`, `target`, `seconds`.
tag() {
  sed -n "s/^# $2: *//p" "$here/rows/$1.sh" | head -n 1
}

. "$here/modules.sh"

# find_python: the first that has PyTorch, if any has.
find_python() {
  local python
  for python in ${PYTHON:-} python3 /usr/bin/python3; do
    has_modules "$python" torch && echo "$python" && return
  done
  echo python3
}

# find_libraries: cuDNN may be there only as a part of PyTorch.
find_libraries() {
  local folder
  [ -n "${FA_CUDA_CUDNN:-}" ] || ldconfig -p 2>/dev/null | grep -q libcudnn_graph.so.9 && return
  folder=$("$PYTHON" -c 'import nvidia.cudnn; print(nvidia.cudnn.__path__[0] + "/lib")' 2>/dev/null)
  [ -n "$folder" ] && export FA_CUDA_CUDNN=$folder
}

# find_machine: what every record says of where it was made.
find_machine() {
  GPU_LIBRARY=$("$FREEANCHOR" info 2>/dev/null | sed -n 's/^backend  *cuda: //p')
  GPU_FAKE=no
  [[ $GPU_LIBRARY != *"Fake GPU"* ]] || GPU_FAKE=yes
  GPU_DRIVER=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1)
  GPU_COMMIT=$(git rev-parse --short HEAD 2>/dev/null)
  export GPU_LIBRARY GPU_FAKE GPU_DRIVER GPU_COMMIT
}

# run_row ROW SECONDS: whatever becomes of it, a record is written.
run_row() {
  local row=$1 limit=$2 begun=$SECONDS code
  export GPU_FIGURES=$RESULTS/.figures GPU_SECONDS=$limit
  : >"$GPU_FIGURES"
  echo "== $row: $(tag "$row" what)" | tee -a "$RESULTS/log.txt"
  timeout -k 5 "$limit" bash "$here/rows/$row.sh" 2>&1 | tee -a "$RESULTS/log.txt" | grep -E '^(FAILED|skipped|[a-z0-9_ ]*: )' | grep -v '^ok: '
  code=${PIPESTATUS[0]}
  python3 "$here/record.py" "$row" "$code" "$((SECONDS - begun))" "$(tag "$row" what)" "$(tag "$row" target)"
}

# run_rows SECONDS ROW...: none begins once they are over, and none outlives them.
run_rows() {
  local end=$((SECONDS + $1 * $(patience))) row left own
  shift
  for row in "$@"; do
    left=$((end - SECONDS)) own=$(($(tag "$row" seconds) * $(patience)))
    [ "$left" -ge 5 ] || { echo "== $row: no time is left" | tee -a "$RESULTS/log.txt" && continue; }
    run_row "$row" "$((own < left ? own : left))"
  done
}

PYTHON=$(find_python)
export PYTHON
find_libraries
find_machine
[[ $GPU_LIBRARY == cuDNN\ * ]] || { echo "there is no GPU to run on: ${GPU_LIBRARY:-$FREEANCHOR has no backend cuda}" >&2; exit 1; }
[ $# -gt 0 ] || set -- quick
for name in "$@"; do
  case $name in
    quick) run_rows "${budget[quick]}" "${quick[@]}" ;;
    full) run_rows "${budget[full]}" "${full[@]}" ;;
    *)
      [ -e "$here/rows/$name.sh" ] || { echo "no row $name; there are ${quick[*]} ${full[*]}" >&2; exit 2; }
      run_rows "$(tag "$name" seconds)" "$name"
      ;;
  esac
done
python3 "$here/report.py" "$RESULTS/results.jsonl"
