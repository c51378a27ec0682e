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
at_exit 'thaw; tidy'
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

# gone_within SECONDS PROCESS
gone_within() {
  local begun=$SECONDS
  while [ -d "/proc/$2" ]; do
    [ $((SECONDS - begun)) -le "$1" ] || { fail "process $2 has not left within $1 s" && return; }
    sleep 0.1
  done
  echo "ok: process $2 left"
}

# is_held PROCESS: the kernel keeps a thread of it.
is_held() {
  grep -qs '^State:[[:space:]]*D' "/proc/$1/task"/*/status
}

# beat RANK: of its line in the roll.
beat() {
  roll | sed -n "s/^rank $1 on [^,]*, beat \([0-9]*\),.*/\1/p"
}

# Rank 0 is kept in the kernel; the other one, which writes after it and then not for a while, ends the job.
start "$scratch/w" "${endless[@]}" --set watchdog.silence_s=8 --set watchdog.step_s=12 --set train.log_interval=1
wait_step 1
other=$(pid_of 1)
before=$(beat 1)
while [ "$(beat 1)" = "$before" ]; do :; done
fsfreeze -f "$disk"
said="rank [01] ($(hostname)) has \(given no sign of life for [0-9]* s; it was\|been\) in .*: the job ends"
says_within 30 "$said"
is_held "$other" && echo "rank 1 was in the middle of writing, and is kept as well" || gone_within 4 "$other"
says_within 0 "rank 0 ($(hostname)) has been in writing to .ranks for [0-9]* s: the disk of the work directory does not answer"
thaw
ends nonzero 10 "E[Xx][Ii][Tt] [Cc][Oo][Dd][Ee]: *1" # as mpirun says

# a process alone says what it waits for; it is gone when that answers
run_ranks() {
  exec "${@:2}"
}
ranks=1
start "$scratch/alone" "${endless[@]}" --set train.batch=1 --set watchdog.step_s=3
wait_step 1
fsfreeze -f "$disk"
said="rank 0 ($(hostname)) has been in .* for [0-9]* s without progress, [0-9]* s are allowed (watchdog.step_s): the job ends"
says_within 10 "$said.*; the kernel keeps process $run"
thaw
ends 1 5 "$said"
finish
