#!/usr/bin/env bash
# Builds and installs freeanchor within a container, from a bare Debian or Ubuntu on, and leaves nothing else behind.
#
# usage: launch/packaging/install.sh [CMAKE_OPTION...]        (for example -DCMAKE_INSTALL_PREFIX=/opt/freeanchor)
set -euo pipefail
cd "$(dirname "$0")/../.."

launch/packages.sh
cmake -S . -B build/container -G Ninja -DFA_TESTS=OFF "$@"
cmake --build build/container
cmake --install build/container --strip
ldconfig
rm -rf build/container /var/lib/apt/lists/*
apt-get clean
