#!/usr/bin/env bash
# fast_cuda.sh over 20 steps.
exec bash "$(dirname "$0")/fast_cuda.sh" 20
