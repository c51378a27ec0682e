#!/usr/bin/env bash
# long_canonical.sh in little: one rank, and five of which three and then two are left.
exec bash "$(dirname "$0")/long_canonical.sh" 3 short
