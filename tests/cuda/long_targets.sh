#!/usr/bin/env bash
# Compiles every kernel by nvcc, without warnings, and prints what each takes of a processor on each target: registers a
# thread, and after a + the bytes that it spills, which fails. The PTX of the newest target is compiled too.
#
# usage: tests/cuda/long_targets.sh [TARGET...]        (default: all that the program is built for)
# NVCC is the compiler (default: that of PATH, else /usr/local/cuda/bin/nvcc).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

nvcc=${NVCC:-$(PATH=$PATH:/usr/local/cuda/bin command -v nvcc)}
if [ -z "$nvcc" ]; then
  echo "skipped: no nvcc"
  exit 77
fi
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(sm_75 sm_80 sm_86 sm_89 sm_90 sm_100 sm_120)
known=$("$nvcc" --list-gpu-code)
targets=()
for target in "${wanted[@]}"; do
  if grep -qx "$target" <<<"$known"; then targets+=("$target"); else echo "$target is not known to this nvcc"; fi
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# compile FILE TARGET: the compiler's words go to a file named after both, and its failure to "failed".
compile() {
  local name=$scratch/$(basename "$1" .cu).$2
  "$nvcc" -std=c++17 -O3 -Iinclude -arch="$2" -fmad=false -Werror all-warnings -Xptxas -v -cubin -o "$name.cubin" "$1" >"$name.log" 2>&1 ||
    { cat "$name.log"; echo "$1 $2" >>"$scratch/failed"; }
  rm -f "$name.cubin"
}
export -f compile
export nvcc scratch

for file in src/cuda/kernels/*.cu; do
  for target in "${targets[@]}"; do printf '%s %s\n' "$file" "$target"; done
done | xargs -P "$(nproc)" -L 1 bash -c 'compile "$0" "$1"'
newest=${targets[-1]#sm_}
for file in src/cuda/kernels/*.cu; do
  [ $# -gt 0 ] || "$nvcc" -std=c++17 -O3 -Iinclude -arch="compute_$newest" -fmad=false -Werror all-warnings -ptx -o /dev/null "$file" ||
    echo "$file compute_$newest" >>"$scratch/failed"
done

# One line for each kernel of one target: FILE TARGET KERNEL REGISTERS SPILLED.
for log in "$scratch"/*.log; do
  name=$(basename "$log" .log)
  awk -v file="${name%.*}" -v target="${name##*.}" '
    /Compiling entry function/ { split($0, part, "\047"); kernel = part[2] }
    /bytes spill stores/ { spilled = $5 + $9 }
    /Used [0-9]+ registers/ { for (i = 1; i < NF; i++) if ($i == "Used") print file, target, kernel, $(i + 1), spilled }' "$log"
done | c++filt -p | sed -E 's/\((anonymous namespace)\)::|\(bool\)|\(int\)|__nv_//g' >"$scratch/lines"

awk -v targets="${targets[*]}" '
  BEGIN { n = split(targets, of, " "); printf "%-58s", "registers"; for (i = 1; i <= n; i++) printf "%9s", of[i]; print "" }
  { target = $2; registers = $(NF - 1); spilled = $NF; name = $1; $1 = $2 = $NF = $(NF - 1) = ""; sub(/^ +/, ""); sub(/ +$/, "")
    row = name ": " $0; gsub(/ +/, " ", row)
    if (!(row in seen)) { seen[row] = 1; order[++rows] = row }
    cell[row, target] = registers (spilled > 0 ? "+" spilled : ""); bad += spilled > 0 }
  END { for (r = 1; r <= rows; r++) { printf "%-58s", order[r]; for (i = 1; i <= n; i++) printf "%9s", cell[order[r], of[i]]; print "" }
        printf "%d kernels, %d of them spill on a target\n", rows, bad; exit rows == 0 || bad > 0 }' "$scratch/lines"
code=$?
[ ! -e "$scratch/failed" ] || { echo "FAILED:"; cat "$scratch/failed"; code=1; }
exit "$code"
