#!/usr/bin/env bash
# Builds the HDF5 and JPEG libraries from Debian's source packages with clang, its coverage for fuzzers and its address sanitizer,
# so that fuzzers see into them and their slips do not stay hidden. The preset fuzz takes them where they are.
#
# usage: tests/fuzz/libraries.sh [FOLDER]        (default: ~/.cache/freeanchor-fuzz)
set -euo pipefail

folder=${1:-$HOME/.cache/freeanchor-fuzz}
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
flags="-g -O1 -w -fno-omit-frame-pointer -fsanitize=address,fuzzer-no-link"
export ASAN_OPTIONS=detect_leaks=0 # the libraries run programs of theirs while they are built

mkdir -p "$folder"/apt/{lists,cache/archives}/partial "$folder/lib/pkgconfig"
cd "$folder"

# Source packages by a list of our own: that of the system stays as it is.
fetch() {
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $codename main" >apt/sources.list
  local apt=(apt-get -qq -o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
             -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=root)
  "${apt[@]}" update
  rm -rf -- hdf5-* libjpeg-turbo-*
  "${apt[@]}" source hdf5 libjpeg-turbo
}

# Checksums within HDF5 files always fit, so that a change of a structure gets past them.
forget_checksums() {
  sed -i 's/if (chk_ret == TRUE)/if (chk_ret >= 0)/' hdf5-*/src/H5C.c
}

build_jpeg() {
  cd "$(echo libjpeg-turbo-*/)"
  cmake -S . -B build -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$flags" -DCMAKE_INSTALL_PREFIX="$folder" \
    -DCMAKE_INSTALL_LIBDIR=lib -DENABLE_SHARED=OFF -DWITH_SIMD=OFF -DWITH_TURBOJPEG=OFF
  cmake --build build -j "$(nproc)"
  cmake --install build
}

build_hdf5() {
  cd "$(echo hdf5-*/)"
  ./configure --prefix="$folder" --libdir="$folder/lib" CC=clang CFLAGS="$flags" --disable-shared --disable-hl --disable-tests \
    --disable-tools
  make -j "$(nproc)" -C src install
}

# describe NAME VERSION LIBS: what pkg-config says of one.
describe() {
  printf 'Name: %s\nDescription: for fuzzers\nVersion: %s\nCflags: -I%s/include\nLibs: %s\n' "$1" "$2" "$folder" "$3" \
    >"lib/pkgconfig/$1.pc"
}

fetch
forget_checksums
(build_jpeg) >jpeg.log 2>&1 || { tail -n 30 jpeg.log; exit 1; }
(build_hdf5) >hdf5.log 2>&1 || { tail -n 30 hdf5.log; exit 1; }
describe libjpeg "$(pkg-config --modversion libjpeg)" "-L$folder/lib -ljpeg"
describe hdf5-serial "$(pkg-config --modversion hdf5-serial)" "-L$folder/lib -lhdf5 -lz -ldl -lm"
rm -rf apt
echo "the fuzzers' libraries are in $folder; the next configuration of the preset fuzz finds them"
