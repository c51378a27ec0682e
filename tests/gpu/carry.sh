#!/usr/bin/env bash
# Makes the one folder that a bare machine with a GPU needs beside the checkout: cJSON and cmocka, which it may not have, and the packed
# blood-cell images for the rows that train. Run it where those are installed.
#
# usage: tests/gpu/carry.sh [FOLDER]        (default: build/carry)
#
# FREEANCHOR is the program that packs (default: the release build), FA_SHARED_DIR/data/bccd the images.
. "$(dirname "$0")/../e2e/lib.sh"
carry=${1:-$root/build/carry}
most_mib=48
mkdir -p "$carry/include" "$carry/lib/pkgconfig"

# library PACKAGE HEADER...: a library of pkg-config with its headers, found again wherever the folder lies.
library() {
  local package=$1 name file version
  shift
  pkg-config --exists "$package" || skip "$package is not installed"
  name=$(pkg-config --libs-only-l "$package" | sed 's/.*-l\([^ ]*\).*/\1/')
  file=$(gcc -print-file-name="lib$name.so") version=$(pkg-config --modversion "$package")
  must cp -L "$file" "$carry/lib/"
  must ln -sfn "lib$name.so" "$carry/lib/$(objdump -p "$file" | awk '$1 == "SONAME" { print $2 }')"
  for header in "$@"; do
    must install -D -m 644 "$(header_folder "$package" "$header")/$header" "$carry/include/$header"
  done
  cat >"$carry/lib/pkgconfig/$package.pc" <<END
prefix=\${pcfiledir}/../..
Name: $package
Description: $package
Version: $version
Libs: -L\${prefix}/lib -l$name
Cflags: -I\${prefix}/include -I\${prefix}/include/$(dirname "$1")
END
}

# header_folder PACKAGE HEADER: below which folder it lies.
header_folder() {
  local folder
  for folder in $(pkg-config --cflags-only-I "$1" | sed 's/-I//g') $(pkg-config --variable=includedir "$1") /usr/include; do
    [ -e "$folder/$2" ] && echo "$folder" && return
    [ -e "$(dirname "$folder")/$2" ] && dirname "$folder" && return
  done
}

# pack_images: an earlier run's stay.
pack_images() {
  local bccd=$shared/data/bccd part
  [ -d "$bccd" ] || { echo "the blood-cell images are not at $bccd: the rows that need them will be skipped" && return; }
  for part in trainval test; do
    [ -d "$carry/bccd/$part" ] && continue
    must "$freeanchor" pack --coco "$bccd/annotations/instances_$part.json" --images "$bccd/images" \
      --out "$scratch/$part" --fix drop
    mkdir -p "$carry/bccd" && must mv "$scratch/$part" "$carry/bccd/$part"
  done
}

library libcjson cjson/cJSON.h
library cmocka cmocka.h
pack_images
mib=$(du -sm "$carry" | cut -f1)
echo "$carry: $mib MiB"
holds "$mib <= $most_mib" "the folder's MiB"
finish
