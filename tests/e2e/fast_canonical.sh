#!/usr/bin/env bash
# long_canonical.sh in little: three ranks and one.
exec bash "$(dirname "$0")/long_canonical.sh" 2 3
