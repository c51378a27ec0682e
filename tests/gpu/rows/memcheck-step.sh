#!/usr/bin/env bash
# what: compute-sanitizer memcheck over a whole small step
# target: no error
# seconds: 60
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../sanitizer.sh"
sanitize memcheck
finish
