#!/usr/bin/env bash
# The program builds from a clean clone, without a warning, by any compiler, build type, generator, MPI and HDF5 that there is here,
# each at least once and pairs together that are likely to break together; and what was built trains two steps on two ranks.
# What is not installed is skipped, and said. Two to five minutes a build on two cores.
#
# usage: tests/e2e/long_builds.sh [NAME...]        (default: all of the table at the end)
#
# The clone is of what is committed.
. "$(dirname "$0")/lib.sh"
wanted=("$@")
must git clone -q "$root" "$scratch/clone"
cd "$scratch/clone" || exit

# options NAME=VALUE...: as cmake takes them.
options() {
  printf -- '-D%s\n' "$@"
}

# has_openmp COMPILER: Debian has that of one clang at a time.
has_openmp() {
  echo 'int main(void) { return omp_get_max_threads() < 1; }' | "$1" -include omp.h -fopenmp -x c - -o "$scratch/openmp" 2>/dev/null
}

# trains PROGRAM MPIRUN: scenes of its own, and two steps on two ranks.
trains() {
  local data=$scratch/scenes
  rm -rf "$data" "$scratch/work"
  "$1" synth --out "$data" --images 8 --size 96x64 &&
    "$1" pack --coco "$data/annotations.json" --images "$data/images" --out "$data/packed" &&
    "$2" -n 2 "$1" train --config "$small_config" --train-data "$data/packed" --work-dir "$scratch/work" --set train.max_steps=2
}

# build NAME MPI GENERATOR COMPILER OPTION...: one line of the table.
build() {
  local name=$1 mpi=$2 generator=$3 compiler=$4 start=$SECONDS verdict=ok log
  shift 4
  [[ ${#wanted[@]} -eq 0 || " ${wanted[*]} " == *" $name "* ]] || return 0
  log=$scratch/$name.log
  if ! type -P "$compiler" "mpicc.$mpi" "mpirun.$mpi" >/dev/null; then
    verdict="skipped: there is no $compiler, mpicc.$mpi or mpirun.$mpi"
  elif ! has_openmp "$compiler"; then
    verdict="skipped: $compiler has no OpenMP"
  else
    {
      cmake -S . -B "$scratch/$name" -G "$generator" $(options CMAKE_C_COMPILER="$compiler" MPI_C_COMPILER="mpicc.$mpi" FA_CUDA=OFF "$@") &&
        cmake --build "$scratch/$name" -j "$(nproc)" && trains "$scratch/$name/freeanchor" "mpirun.$mpi"
    } >"$log" 2>&1 || verdict=FAILED
    ! grep -q 'warning:' "$log" || verdict="FAILED: warnings"
  fi
  printf '%-22s %-12s %-15s %-9s %-60s %4d s  %s\n' "$name" "$mpi" "$generator" "$compiler" "$*" $((SECONDS - start)) "$verdict"
  [[ $verdict != FAILED* ]] || { fail "$name"; grep -m 5 -nE 'warning:|error:|CMake Error' "$log" || tail -n 20 "$log"; }
  rm -rf "${scratch:?}/$name"
}

#     name                MPI     generator         compiler  options
build gcc-release         openmpi Ninja             gcc       CMAKE_BUILD_TYPE=Release FA_TESTS=OFF
build gcc-minsize         openmpi "Unix Makefiles"  gcc       CMAKE_BUILD_TYPE=MinSizeRel FA_TESTS=OFF FA_HDF5=hdf5-openmpi
build gcc-none            openmpi "Unix Makefiles"  gcc       CMAKE_BUILD_TYPE= FA_TESTS=OFF FA_ONEDNN=OFF
build gcc-tests           openmpi Ninja             gcc       CMAKE_BUILD_TYPE=Release FA_TESTS=ON
build gcc-mpich           mpich   Ninja             gcc       CMAKE_BUILD_TYPE=Release FA_TESTS=OFF
build clang-release       openmpi "Unix Makefiles"  clang-14  CMAKE_BUILD_TYPE=Release FA_TESTS=OFF
build clang-minsize       openmpi Ninja             clang-14  CMAKE_BUILD_TYPE=MinSizeRel FA_TESTS=ON FA_ONEDNN=OFF
build clang-newest        openmpi Ninja             clang-19  CMAKE_BUILD_TYPE=Release FA_TESTS=OFF FA_HDF5=hdf5-openmpi
build clang-mpich         mpich   "Unix Makefiles"  clang-19  CMAKE_BUILD_TYPE=MinSizeRel FA_TESTS=OFF
finish
