#!/usr/bin/env bash
# Runs of two ranks, each met by one fault at one step, both drawn: each ends within the time, with the exit code and in the words
# that doc/faults.md states, goes on to the weights of a run that nothing happened to, and leaves what lies outside its work
# directory as it was, although links lead there.
#
# usage: tests/faults/long_random.sh [RUNS] [SEED] [FAULT...]        (default: 20, 1, all)
#
# Run number N of seed S is run 1 of seed S + N - 1. Faults that this machine cannot make are skipped and counted.
ranks=2
. "$(dirname "$0")/lib.sh"
runs=${1:-20}
seed=${2:-1}
faults=("${@:3}")
[ ${#faults[@]} -gt 0 ] || faults=(kill stop full read-only unreadable link truncated "two runs" "pack beside" frozen)

steps=12 every=3
silence=4 limit=5 # seconds, of which the table speaks
disk=$scratch/disk
outside=$scratch/outside
training=(--set "data.scale=[32,32]" --set "train.max_steps=$steps" --set train.epochs=100 --set train.log_interval=1
  --set train.checkpoint_interval=1000 --set "train.checkpoint_steps=$every" --set "watchdog.silence_s=$silence"
  --set "watchdog.start_s=$((4 * limit))" --set "watchdog.step_s=$limit" --set "watchdog.evaluate_s=$limit"
  --set "watchdog.save_s=$limit")

# A file system that is frozen keeps whoever would tidy it up.
at_exit 'fsfreeze --unfreeze "$disk" 2>/dev/null; release; tidy'

# Root passes over permissions; a root without these two capabilities does not.
if [ "$(id -u)" -eq 0 ]; then
  printf '#!/bin/sh\nexec setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all %q "$@"\n' "$freeanchor" \
    >"$scratch/freeanchor"
  chmod +x "$scratch/freeanchor"
  "$scratch/freeanchor" info >/dev/null 2>&1 && freeanchor=$scratch/freeanchor
fi

# ---- the table ----

# stated FAULT COLUMN: what doc/faults.md says of it.
stated() {
  sed 's/^| *//; s/ *|$//' "$root/doc/faults.md" | awk -F ' [|] ' -v fault="\`$1\`" -v column="$2" '
    $1 == fault { gsub(/^`|`$/, "", $column); gsub(/[\\][|]/, "|", $column); print $column; exit }'
}

seconds_of() {
  awk "BEGIN { silence = $silence; limit = $limit; print $(stated "$1" 3) }"
}

code_of() {
  stated "$1" 4
}

words_of() {
  stated "$1" 5
}

# ---- what every run has ----

any() {
  echo $(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1)))
}

# Everything outside that the program could read, write, empty or remove, in one number.
outside_is() {
  tar --sort=name -cf - -C "$outside" . | sha256sum
}

plant_outside() {
  mkdir -p "$outside/folder.freeanchor.tmp" "$outside/checkpoint" "$outside/data"
  echo "somebody's" | tee "$outside/file" "$outside/data/kept.freeanchor.tmp" "$outside/folder.freeanchor.tmp/file" >/dev/null
  cp -r "$scratch/whole/checkpoints/$(cat "$scratch/whole/checkpoints/latest")/." "$outside/checkpoint"
}

# Links of a user, some with names that look like the program's own leavings.
plant_links() {
  mkdir -p "$work/checkpoints"
  ln -s "$outside/data" "$work/data-elsewhere"
  ln -s "$outside/data" "$work/data.freeanchor.tmp"
  ln -s "$outside/file" "$work/weights.h5"
  ln -s "$outside/folder.freeanchor.tmp" "$work/checkpoints/step_2.freeanchor.tmp"
}

# begin: the run starts, in a directory with links, and has come to the drawn step.
begin() {
  work=${work:-$scratch/w}
  rm -rf "$work"
  plant_links
  go
  at=$(any 1 $((steps - 3)))
  wait_logged "$at"
}

# go [OPTION...]: the run is started, or started again. What it says goes where no fault reaches.
go() {
  log=$scratch/said
  run_ranks "$ranks" "$freeanchor" train "${small[@]}" "${training[@]}" --work-dir "$work" "$@" >"$log" 2>&1 &
  run=$!
}

wait_logged() {
  local n
  for _ in $(seq 1200); do
    n=$(grep -cs '"mode": *"train"' "$work/log.jsonl")
    [ "${n:-0}" -ge "$1" ] && return
    kill -0 "$run" 2>/dev/null || break
    sleep 0.02
  done
  wrong "the run does not come to step $1: $(last_words)"
}

# has_checkpoint: waits until there is one.
has_checkpoint() {
  for _ in $(seq 3600); do
    [ -n "$(newest)" ] && return
    kill -0 "$run" 2>/dev/null || break
    sleep 0.05
  done
  wrong "no checkpoint is ever there: $(last_words)"
}

# The folder of the newest checkpoint.
newest() {
  ls -td "$work"/checkpoints/{epoch,step}_*[0-9] 2>/dev/null | head -n 1
}

# halt: the run ends, by a request or a kill, and has left a checkpoint.
halt() {
  has_checkpoint
  if [ $((RANDOM % 2)) -eq 0 ]; then
    touch "$work/stop"
  else
    kill -9 "$(pid_of "$(any 0 1)")" 2>/dev/null
  fi
  over 180
  rm -f "$work/stop"
}

# over SECONDS: the run ends in that time; its exit code is $code.
over() {
  local begun=$SECONDS
  while kill -0 "$run" 2>/dev/null && [ $((SECONDS - begun)) -le "$1" ]; do
    sleep 0.05
  done
  if kill -0 "$run" 2>/dev/null; then
    wrong "the run has not ended after $1 s: $(last_words)"
    # shellcheck disable=SC2046
    kill -9 $(pgrep -f -- "--work-dir $work") 2>/dev/null
  fi
  wait "$run"
  code=$?
}

# ends_as FAULT: from $struck on, the run ends as the table states.
ends_as() {
  over "$(seconds_of "$1")"
  took=$(awk "BEGIN { print $EPOCHREALTIME - $struck }")
  [ "$code" = "$(code_of "$1")" ] || wrong "exit code $code, stated $(code_of "$1"): $(last_words)"
  says "$1" || wrong "never says \"$(words_of "$1")\": $(last_words)"
  [ -z "$(pgrep -f -- "--work-dir $work")" ] || wrong "processes are left over"
}

says() {
  grep -qE -- "$(words_of "$1")" "$log"
}

# What the run said last, without mpirun's words.
last_words() {
  grep -E '(INFO|WARN|ERROR) |^freeanchor' "$log" | tail -n 3 | cut -c -400
}

strike() {
  struck=$EPOCHREALTIME
}

# goes_on: started again, with the options that the message asked for, the run comes to its end, with the weights of one that nothing happened to.
goes_on() {
  local said
  go "${mend[@]}"
  over 180
  [ "$code" -eq 0 ] || wrong "does not go on, exit code $code: $(last_words)"
  said=$("$freeanchor" weights diff "$scratch/whole/weights.h5" "$work/weights.h5" 2>&1) || wrong "other weights: $said"
}

wrong() {
  echo "  WRONG: $*"
  wrongs=$((wrongs + 1))
}

# ---- the faults ----
#
# Each begins a run, strikes at the drawn step, sees how that ends, and mends what can be mended. $how is what was drawn, $mend what
# options the next start needs.

fault_kill() {
  begin
  how="rank $(any 0 1)"
  strike
  kill -9 "$(pid_of "${how#rank }")"
  ends_as kill
}

fault_stop() {
  begin
  how="rank $(any 0 1)"
  strike
  kill -STOP "$(pid_of "${how#rank }")"
  ends_as stop
}

# small_disk SIZE: the work directory will lie on a file system of its own.
small_disk() {
  mkdir -p "$disk"
  umount -l "$disk" 2>/dev/null
  mount -t tmpfs -o size="$1" none "$disk" 2>/dev/null || return 1
  work=$disk/w
}

# Room is made when the run has said that it lacks some: of a checkpoint in its middle, or at its end.
fault_full() {
  local wanted=full
  small_disk 560m || return 77
  begin
  head -c 560m /dev/zero >"$disk/filler" 2>/dev/null
  [ $((RANDOM % 2)) -eq 0 ] || wanted="full, last"
  for _ in $(seq 600); do
    ! says "full, last" || wanted="full, last"
    ! says "$wanted" && kill -0 "$run" 2>/dev/null || break
    sleep 0.1
  done
  how=$wanted
  strike
  rm "$disk/filler"
  ends_as "$wanted"
}

fault_read-only() {
  begin
  has_checkpoint
  strike
  chmod a-w "$work/checkpoints"
  how="checkpoints"
  ends_as read-only
  chmod u+w "$work/checkpoints"
}

fault_unreadable() {
  local what before
  begin
  halt
  case $(any 0 3) in
  0) what=$work/checkpoints ;;
  1) what=$(newest) ;;
  2) what=$(newest)/manifest.json ;;
  3) what=$(newest)/shard-00000.h5 ;;
  esac
  how=${what#"$work/"}
  before=$(find "$work/checkpoints" -printf '%p %s %T@\n' | sort)
  chmod 000 "$what"
  strike
  go
  ends_as unreadable
  grep -qF "$what" "$log" || wrong "does not name $what: $(last_words)"
  chmod u+rwx "$what"
  [ "$before" = "$(find "$work/checkpoints" -printf '%p %s %T@\n' | sort)" ] || wrong "checkpoints have changed"
}

# While the run is at work, where it will write, sweep and prune; or while it is not, in the place of what it appends to.
fault_link() {
  begin
  if [ $((RANDOM % 2)) -eq 0 ]; then
    how="where it will write"
    for name in step_{4..12} epoch_{1..3}; do
      ln -sn "$outside/folder.freeanchor.tmp" "$work/checkpoints/$name.freeanchor.tmp" 2>/dev/null
    done
    ln -s "$outside/file" "$work/weights.h5.freeanchor.tmp" 2>/dev/null
    ln -s "$outside/checkpoint" "$work/checkpoints/epoch_0"
    strike
    ends_as link
  else
    halt
    how=$(printf '%s\n' train.log log.jsonl .lock .ranks | sed -n "$(any 1 4)p")
    mv "$work/$how" "$scratch/aside"
    ln -s "$outside/file" "$work/$how"
    strike
    go
    ends_as "link, log"
    rm "$work/$how"
    mv "$scratch/aside" "$work/$how"
  fi
}

# The newest checkpoint is cut short: the one before is taken, or where there is none the run is refused.
fault_truncated() {
  local file n
  begin
  halt
  file=$(newest)/$([ $((RANDOM % 2)) -eq 0 ] && echo manifest.json || echo shard-00000.h5)
  n=$(ls -d "$work"/checkpoints/{epoch,step}_*[0-9] 2>/dev/null | wc -l)
  how="${file#"$work/checkpoints/"} of $n checkpoints"
  truncate -s "$(any 0 $(($(stat -c %s "$file") - 1)))" "$file"
  strike
  go
  if [ "$n" -gt 1 ]; then
    ends_as truncated
  else
    ends_as "truncated, alone"
    mend=(--resume none)
  fi
}

fault_two-runs() {
  local first
  begin
  how="both of 2 ranks"
  first=$run
  mv "$log" "$scratch/first.log" # which the first goes on to write to
  strike
  go
  over "$(seconds_of "two runs")"
  [ "$code" = "$(code_of "two runs")" ] || wrong "exit code $code of the second: $(last_words)"
  says "two runs" || wrong "the second says something else: $(last_words)"
  took=$(awk "BEGIN { print $EPOCHREALTIME - $struck }")
  run=$first log=$scratch/first.log
  over 180
  [ "$code" -eq 0 ] || wrong "the first run ended with $code: $(last_words)"
}

# A packing into the work directory is under way, and held, while the run is started again; later it goes on.
fault_pack-beside() {
  local pack
  begin
  halt
  many_images
  how="into the work directory"
  "$freeanchor" pack --coco "$scratch/many/annotations.json" --images "$scratch/many/images" --out "$work/packed" --threads 1 \
    >"$scratch/pack.log" 2>&1 &
  pack=$!
  for _ in $(seq 2000); do
    [ -d "$work/packed.freeanchor.tmp" ] && break
    sleep 0.002
  done
  kill -STOP "$pack"
  [ -d "$work/packed.freeanchor.tmp" ] || how="$how, already over"
  strike
  go
  ends_as "pack beside"
  kill -CONT "$pack"
  wait "$pack" || wrong "the packing ended with $?: $(tail -n 2 "$scratch/pack.log")"
  [ -e "$work/packed/manifest.json" ] || wrong "the packed data are not there"
}

many_images() {
  [ -d "$scratch/many" ] ||
    must "$freeanchor" synth --out "$scratch/many" --images 1500 --classes 2 --seed 4 --size 64x64
}

fault_frozen() {
  local thawed
  mkdir -p "$disk"
  umount -l "$disk" 2>/dev/null
  rm -f "$scratch/image"
  truncate -s 700M "$scratch/image"
  { mkfs.ext4 -q "$scratch/image" && mount -o loop,noatime "$scratch/image" "$disk"; } 2>/dev/null || return 77
  work=$disk/w
  begin
  strike
  fsfreeze --freeze "$disk" 2>/dev/null || return 77
  how="until it has said so"
  while ! says frozen && awk "BEGIN { exit !($EPOCHREALTIME - $struck < $(seconds_of frozen)) }"; do
    sleep 0.1
  done
  thawed=$EPOCHREALTIME
  fsfreeze --unfreeze "$disk"
  [ "$(awk "BEGIN { print $thawed - $struck < $(seconds_of frozen) }")" -eq 1 ] || wrong "says nothing: $(last_words)"
  ends_as frozen
}

# ---- the runs ----

# To draw and calibrate weights takes longer than to read them.
must run_ranks 2 "$freeanchor" train "${small[@]}" --work-dir "$scratch/first" --set train.max_steps=1
training+=(--init-from "$scratch/first/weights.h5" --set model.init=weights)

work=$scratch/whole
go
over 180
[ "$code" -eq 0 ] || fail "the run that nothing happens to ended with $code: $(last_words)"
plant_outside
is=$(outside_is)

declare -A made missed skipped longest
for fault in "${faults[@]}"; do
  made[$fault]=0 missed[$fault]=0 skipped[$fault]=0 longest[$fault]=0
  [ -n "$(code_of "$fault")" ] || fail "doc/faults.md does not speak of $fault"
done

for number in $(seq "$runs"); do
  RANDOM=$((seed + number - 1))
  fault=${faults[RANDOM % ${#faults[@]}]}
  work='' wrongs=0 took=0 how='' at=0 mend=()
  "fault_${fault// /-}"
  if [ $? -eq 77 ]; then
    skipped[$fault]=$((${skipped[$fault]} + 1))
    echo "seed $((seed + number - 1)): $fault: cannot be made here"
    continue
  fi
  goes_on
  [ "$(outside_is)" = "$is" ] || { wrong "what lies outside has changed" && rm -rf "$outside" && plant_outside; is=$(outside_is); }
  made[$fault]=$((${made[$fault]} + 1))
  longest[$fault]=$(awk "BEGIN { print ($took > ${longest[$fault]} ? $took : ${longest[$fault]}) }")
  printf 'seed %d: %s (%s) at step %d: ended after %.1f s\n' $((seed + number - 1)) "$fault" "$how" "$at" "$took"
  if [ "$wrongs" -gt 0 ]; then
    missed[$fault]=$((${missed[$fault]} + 1))
    fail "seed $((seed + number - 1)): $fault"
  fi
  [ "${work#"$disk"}" = "$work" ] || umount -l "$disk"
done

echo
printf '%-12s %5s %7s %7s %9s %9s\n' fault runs failed skipped longest allowed
for fault in "${faults[@]}"; do
  printf '%-12s %5d %7d %7d %7.1f s %7d s\n' "$fault" "${made[$fault]}" "${missed[$fault]}" "${skipped[$fault]}" \
    "${longest[$fault]}" "$(seconds_of "$fault")"
done
finish
