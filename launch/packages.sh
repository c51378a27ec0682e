#!/usr/bin/env bash
# Installs the Debian packages that building (and, with "tests", testing) needs, or prints the command where it may not.
#
# usage: launch/packages.sh [tests]
set -euo pipefail

build=(build-essential cmake ninja-build pkg-config openmpi-bin libopenmpi-dev libopenblas-dev libdnnl-dev libhdf5-dev
  libcjson-dev libjpeg-dev libpng-dev libtiff-dev libwebp-dev libexpat1-dev zlib1g-dev)
tests=(libcmocka-dev python3-numpy python3-h5py python3-opencv python3-pil python3-torch
  python3-torchvision)

wanted=("${build[@]}")
[ "${1:-}" = tests ] && wanted+=("${tests[@]}")

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" -eq 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null
elif sudo -n true 2>/dev/null; then
  sudo apt-get update -qq
  sudo DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null
else
  echo "These packages are missing; install them and start again:" >&2
  echo "  sudo ${install[*]}" >&2
  exit 2
fi
