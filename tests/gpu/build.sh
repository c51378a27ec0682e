#!/usr/bin/env bash
# Builds the program with its kernels for the GPU of this machine, on the CPU's side with OpenBLAS alone, without tests; with what
# carry.sh brought, where that is.
#
# usage: tests/gpu/build.sh [FOLDER]        (default: build/gpu)
#
# CARRY is the folder that was brought (default: build/carry); TARGETS the kernels' GPUs by compute capability (default: that of the
# first GPU here).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
build=${1:-build/gpu}
carry=$(realpath -m "${CARRY:-build/carry}")
begun=$SECONDS

target=${TARGETS:-$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d .)}
[ -n "$target" ] || { echo "there is no GPU here; say for which one to build: TARGETS=90 $0" >&2; exit 1; }

for command in cmake gcc pkg-config mpicc; do
  type -P "$command" >/dev/null || { echo "$command is not here; install it" >&2; exit 1; }
done
export PKG_CONFIG_PATH="$carry/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
for package in libcjson hdf5-serial zlib libjpeg openblas ompi-c; do
  pkg-config --exists "$package" || { echo "pkg-config knows no $package; install it, or bring it with tests/gpu/carry.sh" >&2; exit 1; }
done

mkdir -p "$(dirname "$build")"
generator=$(type -P ninja >/dev/null && echo Ninja || echo "Unix Makefiles")
if ! { cmake -S . -B "$build" -G "$generator" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DFA_TESTS=OFF -DFA_ONEDNN=OFF -DFA_CUDA=ON \
  -DFA_CUDA_TARGETS="${target// /;}" && cmake --build "$build" -j "$(nproc)"; } >"$build.log" 2>&1; then
  tail -n 20 "$build.log"
  echo "it does not build: $build.log" >&2
  exit 1
fi
echo "built $build/freeanchor for sm_$target in $((SECONDS - begun)) s"
