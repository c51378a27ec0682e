# shellcheck shell=bash
# modules.sh - sourced by scripts: what Python has.

# has_modules PYTHON NAME...: without importing them, which takes seconds.
has_modules() {
  "$1" -c 'import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))' "${@:2}" 2>/dev/null
}
