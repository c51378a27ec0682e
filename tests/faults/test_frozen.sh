#!/usr/bin/env bash
# Where the work directory's file system stops answering, each rank still says so in time, and those that the kernel lets go have left.
. "$(dirname "$0")/lib.sh"

disk=$scratch/disk
mkdir "$disk"
truncate -s 64m "$scratch/image"
mkfs.ext4 -q "$scratch/image" 2>/dev/null && mount -o loop "$scratch/image" "$disk" 2>/dev/null ||
  skip "a file system of our own cannot be mounted here"
thaw() {
  fsfreeze -u "$disk" 2>/dev/null
}
trap 'thaw; tidy' EXIT
fsfreeze -f "$disk" 2>/dev/null || skip "a file system cannot be frozen here"
thaw

# What the run says is read elsewhere.
for name in w alone; do
  mkdir "$disk/$name" && ln -s "$disk/$name" "$scratch/$name"
done

# says_within SECONDS TEXT
says_within() {
  local begun=$SECONDS
  until grep -q -- "$2" "$log"; do
    [ $((SECONDS - begun)) -le "$1" ] || { fail "not said within $1 s: $2: $(tail -n 3 "$log")" && return; }
    sleep 0.1
  done
  echo "ok: said after $((SECONDS - begun)) s: $(grep -m 1 -- "$2" "$log" | cut -c -200)"
}

# gone_within SECONDS PROCESS: it has ended, though its parent may not have noticed.
gone_within() {
  local begun=$SECONDS
  while grep -s '^State:' "/proc/$2/status" | grep -qv 'zombie\|dead'; do
    [ $((SECONDS - begun)) -le "$1" ] || { fail "process $2 has not left within $1 s" && return; }
    sleep 0.1
  done
  echo "ok: process $2 left"
}

# rank 0 is kept in the kernel; the other one ends the job
start "$scratch/w" "${endless[@]}"
wait_step 1
other=$(pid_of 1)
sleep 0.1 # ranks write one after another
fsfreeze -f "$disk"
says_within 10 "rank 0 ($(hostname)) has given no sign of life for [4-6] s; it was in step [0-9]*, .*: the job ends"
gone_within 4 "$other"
says_within 4 "rank 0 ($(hostname)) has been in writing to .ranks for [0-9]* s: the disk of the work directory does not answer"
thaw
ends nonzero 10 "has given no sign of life"

# a process alone says what it waits for; it is gone when that answers
run_ranks() {
  exec "${@:2}"
}
ranks=1
start "$scratch/alone" "${endless[@]}" --set train.batch=1 --set watchdog.save_s=3
wait_step 1
fsfreeze -f "$disk"
said="rank 0 ($(hostname)) has been in writing to .ranks for [3-5] s without progress, 3 s are allowed (watchdog.save_s): the job ends"
says_within 10 "$said.*; the kernel keeps process $run"
thaw
ends 1 5 "$said"
finish
