#!/usr/bin/env bash
# An installation is whole, also where it is moved: each header is C11 and C++17 by itself, the library exports what they name and
# nothing else, programs in both languages are built on it, and program, launcher and batch scripts find what came with them.
. "$(dirname "$0")/lib.sh"

build=${FA_BINARY_DIR:-$root/build/release}
must cmake --install "$build" --prefix "$scratch/first"
mv "$scratch/first" "$scratch/moved"
prefix=$scratch/moved
library=$(find "$prefix"/lib* -name libfreeanchor.so | head -n 1)
folder=$(dirname "$library")
cd "$scratch" || exit 1

echo "-- headers"
strict=(-Wall -Wextra -Werror -fsyntax-only -I"$prefix/include")
must gcc -std=c11 "${strict[@]}" -x c "$prefix"/include/fa/*.h
must g++ -std=c++17 "${strict[@]}" -x c++ "$prefix"/include/fa/*.h

echo "-- exports"
nm -D --defined-only "$library" | awk '{ print $3 }' >exported
cat "$prefix"/include/fa/*.h | grep -oE 'fa_[a-z0-9_]+' | sort -u >declared
strangers=$(sort -u exported | grep -vxFf declared | head -n 5 | tr '\n' ' ')
[ -z "$strangers" ] || fail "exported, and in no public header: $strangers"
holds "$(wc -l <exported) > 100" "functions are exported"
[ -L "$library" ] && readelf -d "$library" | grep -q 'SONAME.*libfreeanchor\.so\.[0-9]' || fail "the library has no version: $library"

echo "-- programs on it"
cat >program.c <<'END'
#include <fa/memory.h>
#include <fa/status.h>
#include <fa/tensor.h>
#include <stdio.h>
int main(void)
{
    const int64_t dims[2] = {6, 7}, wrong[1] = {-1};
    size_t n = 0;
    if (fa_dims_elements(2, dims, &n) != FA_OK || fa_dims_elements(1, wrong, &n) != FA_EINVAL)
        return 1;
    return printf("%zu; %s\n", n, fa_message()) < 0;
}
END
flags=$(PKG_CONFIG_PATH=$folder/pkgconfig pkg-config --cflags --libs freeanchor) || fail "pkg-config does not know freeanchor"
eval "flags=($flags)" # it puts a backslash before a space
must gcc -std=c11 -Wall -Werror program.c -o with_c "${flags[@]}" -Wl,-rpath,"$folder"
expect 0 "42; dimension 0 is negative" ./with_c
sed 's/<stdio.h>/<cstdio>/; s/(void)/()/' program.c >program.cc
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(program LANGUAGES CXX)
find_package(freeanchor 0.1 REQUIRED)
add_executable(with_cpp program.cc)
target_link_libraries(with_cpp PRIVATE freeanchor::freeanchor)
END
must cmake -S . -B out -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_STANDARD=17
must cmake --build out
expect 0 "42; dimension 0 is negative" out/with_cpp

echo "-- the loss in other programs"
examples=$(echo "$prefix"/share/doc/*/doc/examples)
must gcc -O3 -std=c11 -Wall -Wextra -Werror "$examples/learn.c" -o learn "${flags[@]}" -lm -Wl,-rpath,"$folder"
expect 0 "found before learning" ./learn
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
  expect 0 "gradients differ by" /usr/bin/python3 "$examples/learn.py" "$library"
else
  echo "skipped: no torch for /usr/bin/python3, so learn.py is not run"
fi

echo "-- the manual"
page=$prefix/share/man/man1/freeanchor.1
for name in $("$freeanchor" --help | awk '/^  [a-z]/ { print $1 }'); do
  grep -q "^\.SS freeanchor $name " "$page" || fail "the man page lacks the command $name"
done
for key in $("$freeanchor" info --keys | awk '/^[a-z]/ { print $1 }'); do
  grep -qF "fB$key\\fR" "$page" || fail "the man page lacks the key $key"
done
if type -P groff >/dev/null; then
  said=$(groff -man -Tutf8 -ww "$page" 2>&1 >formatted) || fail "groff does not format the man page"
  [ -z "$said" ] || fail "groff says of the man page: $said"
else
  echo "skipped: no groff, so nothing formats the man page"
fi

# completes WANTED WORD...: of these words, the last is completed to this, among others.
completes() {
  local wanted=$1
  COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
  _freeanchor 2>/dev/null
  if [[ " ${COMPREPLY[*]} " == *" $wanted "* ]]; then echo "ok: ${*:2} -> $wanted"; else fail "${*:2} completes to ${COMPREPLY[*]}, not $wanted"; fi
}
. "$prefix/share/bash-completion/completions/freeanchor"
completes estimate freeanchor es
completes --train-data freeanchor train --tr
completes train.lr_min= freeanchor train --set train.lr
completes diff freeanchor weights d
for shell in zsh fish; do
  script=$(ls "$prefix/share/$shell"/*/*freeanchor*)
  [ -z "$(type -P "$shell")" ] || must "$shell" -n "$script"
done

echo "-- what finds itself"
unset FREEANCHOR FREEANCHOR_HOME
for name in freeanchor_r50_fpn_1x_coco freeanchor_r18_fpn_synth.json; do
  expect 0 "parameters" "$prefix/bin/freeanchor" info --config "$name" --classes 3 --size 64x64
done
expect 0 "parameters" "$freeanchor" info --config freeanchor_r18_fpn_synth --classes 3 --size 64x64
expect 2 "freeanchor_r18_fpn_sinth" "$freeanchor" info --config freeanchor_r18_fpn_sinth
expect 0 "bin/freeanchor" "$prefix/share/freeanchor/launch/train.sh" --dry-run --work-dir w
expect 0 "Into how many ranks" "$prefix/share/freeanchor/launch/split.sh" --help
for script in $(cd "$prefix/share/freeanchor" && grep -hoE '\$launch/[a-z]+\.sh' launch/*.sh | sort -u); do
  [ -f "$prefix/share/freeanchor/launch/${script#*/}" ] || fail "a launcher calls $script, which is not installed"
done
mkdir bin
printf '#!/bin/sh\necho "   Command=%s/share/freeanchor/slurm/pack.sbatch a b"\n' "$prefix" >bin/scontrol
chmod +x bin/scontrol
cp "$prefix/share/freeanchor/slurm/pack.sbatch" spooled
job() { PATH=$scratch/bin:$PATH SLURM_JOB_ID=7 SLURM_SUBMIT_DIR=/ bash spooled no.json no shards; }
expect 2 "freeanchor pack: no.json" job
finish
