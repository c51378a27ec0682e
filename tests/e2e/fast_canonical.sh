#!/usr/bin/env bash
# long_canonical.sh in as few steps as it has parts.
exec bash "$(dirname "$0")/long_canonical.sh" 3
