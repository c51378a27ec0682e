#!/usr/bin/env bash
# Images a second of two ranks against one, of one thread each, on this machine: freeanchor's, and beside it, in turns, those of
# PyTorch's DistributedDataParallel over gloo. Prints a table, and what becomes of the time: two ranks that do not communicate
# share the memory's bandwidth and the last-level cache; what is lost besides is the sum of gradients.
#
# usage: tests/bench/scaling.sh [--size HxW] [--steps N] [--rounds N]       defaults 416x672, 3, 2
#
# FREEANCHOR is the program (default: the release build); PYTHON the interpreter of the peer, which needs torch.
. "$(dirname "$0")/../e2e/lib.sh"

size=416x672 steps=3 rounds=2
while [ $# -gt 0 ]; do
  case $1 in
    --size) size=$2 ;;
    --steps) steps=$2 ;;
    --rounds) rounds=$2 ;;
    *) echo "unknown option $1"; exit 2 ;;
  esac
  shift 2
done
config=$configs/freeanchor_r50_fpn_1x_coco.json
