#!/usr/bin/env bash
# What older programs wrote is read as they read it, and their runs are gone on with to the same bits. See tests/golden.
. "$(dirname "$0")/lib.sh"
goldens=$root/tests/golden/v1
. "$goldens/resume.sh"
type xz >/dev/null 2>&1 || skip "no xz to unpack the goldens with"

cd "$scratch" || exit 1
for archive in "$goldens"/*.tar.xz; do
  must tar -xf "$archive"
done

# Bits are those of one library with the kernels of one kind of processor; elsewhere numbers are close.
if [ "$(blas_of "$freeanchor")" = "$(cat "$goldens/blas.txt")" ]; then
  exact=1
else
  exact=0
  echo "with $(blas_of "$freeanchor") where the goldens have $(cat "$goldens/blas.txt"): compared to 0.001"
fi

# near TEXT TEXT: the same words, and numbers that differ by a thousandth of the larger at most; NaN is near to nothing.
near() {
  awk -v a="$1" -v b="$2" '
    BEGIN {
      n = split(a, x, /[ :\n]+/); m = split(b, y, /[ :\n]+/)
      for (i = 1; i <= n || i <= m; i++)
        if (x[i] != y[i] && !(x[i] ~ /^[-+.0-9e]+$/ && y[i] ~ /^[-+.0-9e]+$/ && close_to(x[i] + 0, y[i] + 0))) exit 1
    }
    function size(v) { return v < 0 ? -v : v }
    function close_to(v, w) { return size(v - w) <= 0.001 * (size(v) > size(w) ? size(v) : size(w)) + 0.0001 }'
}

# same WHAT GOT WANTED
same() {
  if [ "$2" = "$3" ] || { [ "$exact" -eq 0 ] && near "$2" "$3"; }; then
    echo "ok: $1"
  else
    fail "$1:"
    diff <(echo "$3") <(echo "$2")
  fi
}

# same_weights GOT WANTED
same_weights() {
  local found
  if found=$("$freeanchor" weights diff "$1" "$2" 2>&1); then
    echo "ok: $1: every bit"
  elif [ "$exact" -eq 1 ]; then
    fail "$1: $found"
  else
    found=$(sed -n 's/^largest: [^ ]* is \([^ ]*\) against \([^ ]*\).*/\1 - \2/p' <<<"$found")
    holds "(${found:-nan}) ^ 2 < 0.001 ^ 2" "$1: the largest difference"
  fi
}

# gone_on RUN RANKS: the run is resumed as the older program resumed it.
gone_on() {
  must resume "$freeanchor" "$2" "$1"
  grep -q "resuming from .*/step_5: epoch 1, step 5, 10 samples" "$1/train.log" || fail "$1 does not go on"
  same "$1: steps after the fifth" "$(steps_of "$1")" "$(cat "$goldens/$1.steps")"
  same_weights "$1/weights.h5" "$1.h5"
}

echo "-- a case, weights and a checkpoint are read"
for weights in whole/weights.h5 whole/checkpoints/latest; do
  same "replay with $weights" "$(replay "$freeanchor" whole/config.json "$weights")" "$(cat "$goldens/case.numbers")"
done
expect 0 "every bit" "$freeanchor" weights diff frozen/weights.h5 frozen/checkpoints/step_5

echo "-- work directories are gone on with, on two ranks and on one"
gone_on frozen 2
grep -q "^epoch_1 " frozen/checkpoints/best || fail "the best checkpoint is forgotten: $(cat frozen/checkpoints/best)"
gone_on whole 1
finish
