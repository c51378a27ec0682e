#!/usr/bin/env bash
# A GPU that is lost, full or silent in the middle of a run ends it in one sentence that names rank, host, GPU and step, and leaves the
# checkpoint of before. It was made in another precision, which is allowed and said. On the fakes, with kernels in the emulator.
#
# usage: tests/cuda/long_faults.sh        (some minutes)
. "$(dirname "$0")/../faults/lib.sh"
. "$(dirname "$0")/lib.sh"
export FAKE_DEVICES=2
host=$(hostname)
small+=(--set "data.scale=[32,32]" --set watchdog.silence_s=120)

must run_ranks 2 "$freeanchor" train "${small[@]}" --work-dir "$scratch/w" --backend blas --set train.max_steps=2
cp -r "$scratch/w/checkpoints" "$scratch/before"

# in_step: until a rank is in its first step.
in_step() {
  local i
  for i in $(seq 3000); do
    if roll | grep -qE 'step 2, .*(forward|backward|loss)'; then return; fi
    kill -0 "$run" 2>/dev/null || break
    sleep 0.1
  done
}

# ends WORDS REGEX: the run ends with 1, a line of it is like REGEX, and the checkpoint is what it was.
ends() {
  local words=$1 line
  wait "$run"
  [ $? -eq 1 ] || fail "$words: another exit code"
  if line=$(grep -hE "$2" "$log" | head -n 1) && [ -n "$line" ]; then
    echo "ok: $words: $line"
  else
    fail "$words: no line like $2"
    tail -n 5 "$log"
  fi
  if diff -r -x .lock "$scratch/before" "$scratch/w/checkpoints"; then
    echo "ok: $words: the checkpoint is intact"
  else
    fail "$words: the checkpoint has changed"
  fi
}

gpu=(--backend cuda --set train.precision=bf16 --set train.max_steps=9)
FAKE_LOST=$scratch/lost start "$scratch/w" "${gpu[@]}"
in_step
touch "$scratch/lost"
ends "lost" "rank [01] \($host\): step 2, [a-z ]+: .*GPU [01] \(Fake GPU\)"
grep -q 'resumed with train.precision "bf16", which was "fp32" in the checkpoint' "$log" || fail "the other precision is not said"

FAKE_HANGS=$scratch/silent start "$scratch/w" "${gpu[@]}" --set watchdog.start_s=30 --set watchdog.step_s=30
in_step
touch "$scratch/silent"
ends "silent" "rank [01] \($host\) has been in step 2, .* without progress, .* and at its GPU [01] \(Fake GPU\)"

FAKE_MEMORY_MIB=74 start "$scratch/w" "${gpu[@]}"
ends "full" "step 2, .*: taking [0-9]+ MiB of the GPU's memory: CUDA says of GPU [01] \(Fake GPU\): out of memory"
finish
