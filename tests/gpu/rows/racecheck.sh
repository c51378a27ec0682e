#!/usr/bin/env bash
# what: compute-sanitizer racecheck over a whole small step
# target: no hazard
# seconds: 60
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../sanitizer.sh"
sanitize racecheck
finish
