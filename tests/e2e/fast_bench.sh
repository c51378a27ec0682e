#!/usr/bin/env bash
# Every measurement runs, at a tiny size, and its JSON has the numbers that scripts rely on. How large they are is no test's business.
. "$(dirname "$0")/lib.sh"

# bench NAME OPTION...: runs it with --json; its output is in $scratch/NAME.
bench() {
  must "$freeanchor" bench "$@" --threads 1 --json
  cp "$last_log" "$scratch/$1"
}

# positive NAME KEY...: these numbers of a measurement are above 0.
positive() {
  local name=$1 key
  shift
  for key; do
    holds "$(number "$scratch/$name" "$key") > 0" "bench $name, $key"
  done
}

# count NAME TEXT: how often the JSON object has it.
count() {
  tail -n 1 "$scratch/$1" | grep -o "$2" | wc -l
}

tiny=(--config "$small_config" --size 64x96 --classes 3 --steps 2)
bench step "${tiny[@]}" --inference --plans 2 --trace "$scratch/trace.json"
positive step step_s forward_s loss_s backward_s update_s fastest_step_s first_step_s peak_rss_bytes arena_bytes convolution_s \
  operations_s inference_s inference_forward_s postprocess_s plan_s
holds "$(number "$scratch/step" convolution_share) < 1" "bench step, convolution_share"
# R-18 has 20 convolutions, the neck 8, the head 6 on 5 levels; all of them learn, all but the first pass a gradient on
holds "$(count step '"direction":"forward"') == 58" "layers, forward"
holds "$(count step '"direction":"backward weights"') == 58" "layers, backward weights"
holds "$(count step '"direction":"backward data"') == 57" "layers, backward data"
holds "$(count step '"group":"batch norm folding"') == 3" "operations of a group"
if command -v python3 >/dev/null; then
  must python3 -c 'import json, sys; json.load(open(sys.argv[1]))["layers"][0]["gflops"] > 0 or sys.exit(1)' <(tail -n 1 "$scratch/step")
  must python3 -c 'import json, sys; len(json.load(open(sys.argv[1]))["traceEvents"]) > 300 or sys.exit(1)' "$scratch/trace.json"
fi

# Without --size it is the recipe's largest image.
bench conv --config "$small_config" --set "data.scale=[[90,34],[70,60]]" --classes 3 --steps 2
holds "$(count conv '"size":"64x96"') == 1" "an image of the recipe's size"
positive conv in_step_s alone_s ratio
holds "$(count conv '"direction":"forward"') > 20" "distinct convolutions"

bench loss --size 64x96 --classes 3 --objects 5 --steps 2
positive loss loss_s positive_bag_loss negative_bag_loss
bench loader --images 2
positive loader images_per_s images_per_s_per_thread
must "$freeanchor" synth --out "$scratch/s" --images 4 --classes 3 --seed 5
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"
bench loader --data "$scratch/shards" --images 6
must "$freeanchor" train --config "$small_config" --set train.batch=2 --set train.max_steps=3 \
  --set "data.scale=[96,64]" --train-data "$scratch/shards" --work-dir "$scratch/w" --trace "$scratch/train.json" --trace-steps 2
holds "$(grep -o '"name":"step"' "$scratch/train.json" | wc -l) == 2" "steps in the trace of a training"
holds "$(grep -o '"name":"backward"' "$scratch/train.json" | wc -l) == 4" "images in the trace of a training"
holds "$(number "$scratch/loader" images) == 6" "images that the loader delivered"
bench eval --images 20 --classes 3 --size 64x96 --steps 2
positive eval metrics_s postprocess_s

bench checkpoint "${tiny[@]}" --out "$scratch"
positive checkpoint step_s pause_s pause_share durable_s step_beside_save_s state_bytes copy_bytes
holds "$(number "$scratch/checkpoint" bytes_share) > 1 && $(number "$scratch/checkpoint" bytes_share) < 1.01" "bench checkpoint, bytes"
bench checkpoint "${tiny[@]}" --out "$scratch" --step-ms 4000
holds "$(number "$scratch/checkpoint" step_s) == 4" "bench checkpoint, a given step"
mkdir "$scratch/killed"
"$freeanchor" bench checkpoint "${tiny[@]:0:6}" --steps 1000 --out "$scratch/killed" --step-ms 4000 >/dev/null 2>&1 &
for _ in $(seq 400); do ls "$scratch"/killed/freeanchor-bench-*/step_* >/dev/null 2>&1 && break || sleep 0.05; done
kill -9 $! || fail "bench checkpoint cannot be killed"
for _ in $(seq 100); do rmdir "$scratch/killed" 2>/dev/null && break || sleep 0.05; done
[ -z "$(ls -d "$scratch"/freeanchor-bench-* "$scratch"/killed/* 2>/dev/null)" ] || fail "bench checkpoint leaves something"
expect 1 "nowhere" "$freeanchor" bench checkpoint "${tiny[@]}" --out "$scratch/nowhere"

ranks() {
  must run_ranks 2 "$freeanchor" bench "$@" --threads 1 --json
  cp "$last_log" "$scratch/$1"
}

ranks allreduce --config "$small_config" --sizes 4,100000 --steps 2
positive allreduce alpha_s gradient_s bandwidth_gbit latency_us
holds "$(count allreduce '"bytes":') == 3" "sizes and a gradient"
ranks overlap "${tiny[@]}"
positive overlap peak_rss_bytes alone_s after_s during_s forward_s backward_s
# Threads wait for each other as the user says, else by spinning for a short while alone, for which the program begins anew under its name.
env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT "$freeanchor" bench step "${tiny[@]}" >/dev/null 2>&1 &
pid=$! shortened=no name=
while kill -0 "$pid" 2>/dev/null && [ "$name" != freeanchor ]; do
  ! grep -qz '^GOMP_SPINCOUNT=' "/proc/$pid/environ" || { shortened=yes && name=$(cat "/proc/$pid/comm"); }
done
wait "$pid" || fail "bench step where threads wait as the program chooses"
[ $shortened = yes ] || fail "waiting threads spin for as long as libgomp lets them"
[ "$name" = freeanchor ] || fail "the program that began anew is called $name"

expect 0 "best: launch/train.sh --ranks" "$root/launch/split.sh" --cores 2 "${tiny[@]}"
train=("$root/launch/train.sh" --ranks best --dry-run --work-dir "$scratch/split")
printf '#!/bin/sh\nexec "%s" "$@" --size 64x96 --classes 3\n' "$freeanchor" >"$scratch/measured" && chmod +x "$scratch/measured"
echo "kept" >"$scratch/said" # as in a log that is appended to
FREEANCHOR=$scratch/measured "${train[@]}" --config "$small_config" --set train.batch=4 >>"$scratch/said" 2>&1
said=$(<"$scratch/said")
[[ $said == kept* ]] || fail "--ranks best empties the file that it reports to"
split=$(sed -n 's/^best: .*--ranks \([0-9]*\) --threads \([0-9]*\) .*/-n \1 .* train --threads \2 /p' <<<"$said")
[ -n "$split" ] && grep -q -- "$split" <<<"$said" || fail "--ranks best does not start what was found best: $said"
mkdir "$scratch/split"
echo "INFO  freeanchor 0.1.0, Release build by GNU 12.2.0; 3 ranks, 3 of them on here, with 5 threads each; onednn" >"$scratch/split/train.log"
expect 0 "launch: 3 ranks on 1 host, 5 threads each" "${train[@]}"
expect 2 "leave out --threads" "${train[@]}" --threads 2
expect 2 "--cores 0: expected a whole number" "$root/launch/split.sh" --cores 0
network=(--nodes 4 --ranks-per-node 2 --bandwidth 10 --latency 20)
must "$freeanchor" estimate --config "$small_config" "${network[@]}" --profile "$scratch/overlap" --json
cp "$last_log" "$scratch/estimate"
positive estimate ranks step_s epoch_s efficiency exposed_s
holds "$(count estimate '"ranks":4096') == 2" "reductions at 4096 ranks"
must "$freeanchor" estimate --config "$small_config" "${network[@]}" --step-s 2 --size 64x96
expect 2 "not a report of bench step --json: there is no time" "$freeanchor" estimate --profile "$scratch/allreduce" \
  --config "$small_config" "${network[@]}"
expect 2 "give one of them" "$freeanchor" estimate --config "$small_config" "${network[@]}" --step-s 2 --profile x
expect 2 "nothing to add up on one rank" "$freeanchor" bench overlap

expect 2 "expected one of step, conv, loss, loader, eval, checkpoint" "$freeanchor" bench speed
expect 2 "bench loss takes no --trace" "$freeanchor" bench loss --trace "$scratch/trace.json"
expect 2 "--size 100x96: expected HxW, multiples of 32" "$freeanchor" bench step --size 100x96
finish
