#!/usr/bin/env bash
# A build that fails shows what stopped it first, wherever that stands in a long log, in English, and keeps the log; one that succeeds
# leaves none.
. "$(dirname "$0")/lib.sh"
. "$root/launch/build.sh"
cd "$scratch" || exit

# In place of cmake: at the step that is to fail it says what is in `says`.
mkdir bin
cat >bin/cmake <<'END_OF_CMAKE'
#!/bin/sh
[ "$1" = "$(cat fails)" ] || exit 0
cat says
[ "$LC_ALL" = C ] || echo "Fehler: in another language"
exit 1
END_OF_CMAKE
chmod +x bin/cmake

# builds STEP LINE: in the middle of much else, that line is said at that step, which then fails.
builds() {
  echo "$1" >fails
  { seq 1000 && echo "$2" && seq 1000; } >says
  PATH=$scratch/bin:$PATH build release -DX=1
}
for line in "x.c:3:5: error: unknown type name" "CMake Error at CMakeLists.txt:3" "ld: undefined reference to 'x'" \
  "fatal error: mpi.h: No such file or directory" "cc1: error writing: No space left on device"; do
  expect 1 "$line" builds --build "$line"
done
expect 1 "CMake Error: no compiler" builds --preset "CMake Error: no compiler"
[ "$(builds --build "x.c:3:5: error: here" 2>&1 | wc -l)" -le 20 ] || fail "a failed build says more than its first error"
expect 1 "the whole output is in $scratch/build-release.log" builds --build "nothing known"
grep -qx 500 build-release.log || fail "the log is not whole"
builds none "" || fail "a build that succeeds fails"
[ ! -e build-release.log ] || fail "a build that succeeds leaves its log"
finish
