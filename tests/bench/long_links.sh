#!/usr/bin/env bash
# How well `freeanchor estimate` foretells a training step over a slow link, and how much of the sum of gradients backward hides
# there. Two hosts on this machine, in namespaces, with a rank of one thread on each and a link between them that a token bucket
# throttles. Latency, and what a processor can pass on, by `bench allreduce` without a throttle; then, per link, a step without
# reduction, with it after backward and with it during backward, by `bench overlap`; and the same step by `estimate`, from the
# link's nominal bandwidth. Timings are no test: this is run by hand, on a machine that does nothing else.
#
# usage: tests/bench/long_links.sh [GBIT...]          default: 1 2 3 10. Needs root and the package iproute2.
#
# SIZE is that of the image (default 416x672), STEPS how many of each kind count (default 3), SET further key=value of the recipe.
. "$(dirname "$0")/../e2e/lib.sh"
. "$root/tests/e2e/hosts.sh"

[ "$(id -u)" -eq 0 ] || skip "needs root, for namespaces"
command -v tc >/dev/null || skip "needs tc, of the package iproute2"
size=${SIZE:-416x672}
steps=${STEPS:-3}
config=$configs/freeanchor_r50_fpn_1x_coco.json
sets=()
for set in ${SET:-}; do
  sets+=(--set "$set")
done

# throttle GBIT: what either host sends, from now on; 0: as fast as the machine is.
throttle() {
  local host
  for host in host1 host2; do
    on "$host" tc qdisc del dev eth0 root 2>/dev/null
    [ "$1" = 0 ] || must on "$host" tc qdisc add dev eth0 root tbf rate "${1}gbit" burst 8mb limit 64mb
  done
}

# ranks NAME COMMAND...: freeanchor on both hosts; its output is in $scratch/NAME.
ranks() {
  local name=$1 environment
  shift
  mpi_environment 1
  must on login env "${environment[@]}" mpirun --host host1,host2 --bind-to none --mca btl tcp,self --mca btl_tcp_if_include eth0 \
    "$freeanchor" "$@" "${sets[@]}" --config "$config" --threads 1 --json
  cp "$last_log" "$scratch/$name"
}

# of NAME OBJECT KEY: a number of an object within a report.
of() {
  tail -n 1 "$scratch/$1" | grep -o "\"$2\":{[^}]*}" >"$scratch/object"
  number "$scratch/object" "$3"
}

# estimate GBIT REDUCTION PROFILE
estimate() {
  must "$freeanchor" estimate --config "$config" "${sets[@]}" --set train.batch=2 --set "train.reduction=$2" --nodes 2 \
    --ranks-per-node 1 --bandwidth "$1" --latency "$(of free "$2" latency_us)" --copy "$(of free "$2" gb_per_s)" --profile "$scratch/$3" --json
  cp "$last_log" "$scratch/estimate"
}

percent() {
  awk "BEGIN { printf \"%.1f\", 100 * ($1) }"
}

# row GBIT REDUCTION
row() {
  local alone after during step foretold_exposed
  alone=$(number "$scratch/overlap" alone_s)
  after=$(of overlap "$2" after_s)
  during=$(of overlap "$2" during_s)
  estimate "$1" "$2" overlap
  step=$(of estimate estimate step_s)
  foretold_exposed=$(of estimate estimate exposed_s)
  printf '| %s | %s | %.3f | %.3f | %.3f | %.3f | %.3f | %s %% | %.3f | %.3f | %s %% |\n' "$1" "$2" "$alone" "$after" \
    "$(of overlap "$2" blocking_s)" "$during" "$(of overlap "$2" exposed_s)" "$(percent "$(of overlap "$2" exposed_share)")" \
    "$foretold_exposed" "$step" "$(percent "$step / $during - 1")"
}

at_exit 'hosts_stop; rm -rf "$scratch"'
hosts_start 2 || skip "namespaces cannot be made here"
throttle 0
ranks free bench allreduce --steps "$steps"
echo "R-50, one image of $size a rank and step, one thread; no throttle: $(of free canonical latency_us) us, GB/s of gradients:" \
  "$(of free canonical gb_per_s) canonical, $(of free allreduce gb_per_s) allreduce"
echo
echo "| link, Gbit/s | reduction | step alone, s | reduced after backward | costs | reduced during it | shows | of the cost | foretold: shows | step | error |"
echo "|---|---|---|---|---|---|---|---|---|---|---|"
[ $# -gt 0 ] || set -- 1 2 3 10
for gbit; do
  throttle "$gbit"
  ranks overlap bench overlap --size "$size" --steps "$steps"
  row "$gbit" canonical
  row "$gbit" allreduce
done
