#!/usr/bin/env bash
# what: compute-sanitizer memcheck over the first launches of a step: two layers
# target: no error
# seconds: 60
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../sanitizer.sh"
sanitize memcheck --launch-count 60
finish
