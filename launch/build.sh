# shellcheck shell=bash
# build.sh - sourced by scripts that build: what comes out of a build that fails is long, and its end says nothing.

# first_error LOG: what stopped a build first, with the lines around it; the end of a log that names no error.
first_error() {
  local line
  line=$(grep -m 1 -nE 'CMake Error|error:|[Ee]rror [0-9]|undefined reference|No space left' "$1" | cut -d : -f 1) || true
  if [ -n "$line" ]; then
    sed -n "$((line > 3 ? line - 3 : 1)),$((line + 12))p" "$1"
  else
    tail -n 40 "$1"
  fi
}

# build PRESET OPTION...: configures it with these options of cmake and builds it; where that fails, says the first error, and keeps
# the whole log in build-PRESET.log.
build() {
  local preset=$1 log=build-$1.log
  shift
  local -x LC_ALL=C # an error is known by its word
  if cmake --preset "$preset" "$@" >"$log" 2>&1 && cmake --build --preset "$preset" >>"$log" 2>&1; then
    rm -f "$log"
    return
  fi
  first_error "$log" >&2
  echo "the $preset build failed; the whole output is in $PWD/$log" >&2
  return 1
}
