#!/usr/bin/env bash
# The rooms hold: a library's header is included in the one room that owns it, and includes between modules point down.
. "$(dirname "$0")/lib.sh"
cd "$root" || exit

# room HEADER FOLDER: only files under FOLDER include HEADER, given as it follows `<`, `"` or a folder's slash.
room() {
  local strangers
  strangers=$(grep -rlE "#include *([<\"]|<.*/)$1[>\"]" src include --include='*.[ch]' --include='*.cu*' | grep -v "^$2/")
  if [ -z "$strangers" ]; then
    echo "ok: $1 only in $2"
  else
    fail "$1 outside $2: $strangers"
  fi
}
for pair in mpi.h:src/comm dnnl.h:src/backend/onednn cblas.h:src/backend/blas jpeglib.h:src/data png.h:src/data tiffio.h:src/data 'decode\.h:src/data' hdf5.h:src/base \
  cJSON.h:src/base expat.h:src/base 'cuda[a-z0-9_]*\.h:src/cuda' 'cudnn[a-z0-9_]*\.h:src/cuda'; do
  room "${pair%%:*}" "${pair##*:}"
done

# Every call of MPI is one whose thread tests know.
for call in $(grep -rhoE '\bMPI_[A-Z][a-z]+[A-Za-z_]*\(' src/comm --include='*.c' | tr -d '(' | sort -u); do
  grep -qE "(WATCHED\(${call#MPI_}|int $call)[,(]" tests/support/mpi_threads.c || fail "$call is not in tests/support/mpi_threads.c"
done

# Numbers that people and launchers give are read in one place; scanf and its like wrap or stop half way.
strangers=$(grep -rnE '\b(strto[a-z]+|ato[ifl]+|sscanf)\(' src/cli src/comm --include='*.[ch]')
[ -z "$strangers" ] || fail "numbers read past fa/number.h: $strangers"

# Which module a public header belongs to, and what each module may include (itself always).
declare -A module_of=(
  [status]=base [log]=base [memory]=base [philox]=base [json]=base [xml]=base [h5]=base [file]=base [crc32c]=base [clock]=base [hash]=base
  [activity]=base [machine]=base [trace]=base [vector]=base [crc32]=base [sha256]=base [thread]=base [number]=base [printable]=base [crash]=base
  [declarations]=base [directory]=base [files_below]=base [new_file]=base [advance]=base [text]=base [protobuf]=base [team]=base
  [real]=tensor [tensor]=tensor [frame]=tensor [pyramid]=tensor [objects]=tensor [thresholds]=tensor [widths]=tensor [backend]=backend [device]=backend [flat]=backend [algorithms]=backend [params]=net [graph]=net [model]=net
  [anchors]=detect [box]=detect [loss]=detect [detections]=detect [nms_recall]=detect [anchor_cache]=detect [anchor_fit]=detect [head_ops]=detect [lane]=lane [onnx]=onnx [cuda]=cuda
  [image]=data [annotate]=data [augment]=data [census]=data [annotations]=data [coco]=data [shard]=data [sampler]=data [loader]=data [synth]=data [staged_dataset]=data
  [comm]=comm [launcher]=comm [reducer]=comm [reduction_time]=comm [aside]=comm [weights]=weights [architecture]=weights [metrics]=eval [evaluate]=eval [kept_results]=eval [learning]=eval [analysis]=eval [data_statistics]=eval [report]=report
  [sgd]=train [checkpoint]=train [checkpoint_writer]=train [trainer]=train [work_dir]=train [run_status]=train [model_weights]=train [case]=train [replay]=train)
declare -A below=(
  [base]="" [tensor]="base" [backend]="tensor base" [net]="backend tensor base" [detect]="tensor base"
  [data]="tensor base" [comm]="backend tensor base" [weights]="tensor base"
  [cuda]="detect backend tensor base"
  [lane]="net detect backend tensor base"
  [onnx]="net detect weights backend tensor base"
  [eval]="lane net detect data comm backend tensor base"
  [report]="eval lane net detect data comm backend tensor base"
  [train]="eval lane net detect data comm weights backend tensor base"
  [cli]="cuda onnx train report eval lane net detect data comm weights backend tensor base")

# An image goes one way: only the lane calls what lies between image and result.
ways='fa_workspace_forward|fa_workspace_backward|fa_loss_compute|fa_loss_share|fa_detections_make'
strangers=$(grep -rlE "\\b($ways)\\(" src --include='*.c' | grep -vE '^src/(lane|net|detect)/')
if [ -z "$strangers" ]; then
  echo "ok: only src/lane runs images"
else
  fail "forward, loss, backward or detections called outside src/lane: $strangers"
fi

for file in $(find src -name '*.[ch]'); do
  module=$(echo "$file" | cut -d/ -f2)
  for header in $(grep -oE '#include "fa/[a-z0-9_]+\.h"' "$file" | sed 's/.*fa\///; s/\.h"//'); do
    owner=${module_of[$header]:-nobody}
    [[ " $module ${below[$module]} " == *" $owner "* ]] || fail "$file includes fa/$header.h of $owner"
  done
done
for header in include/fa/*.h; do
  name=$(basename "$header" .h)
  [ -n "${module_of[$name]:-}" ] || fail "$header belongs to no module"
done

# The book: what a comment refers to exists there.
for reference in $(grep -rhoE 'doc/[a-z]+\.md( [0-9]+(\.[0-9]+)?)?((, | to | and )[0-9]+\.[0-9]+)*' src include tests --include='*.[ch]' --include='*.py' |
  sed -E 's/(, | to | and )/ /g' | awk '{ if (NF == 1) print $1; for (i = 2; i <= NF; i++) print $1 ":" $i }' | sort -u); do
  page=${reference%%:*} section=${reference#*:}
  [ -e "$page" ] || fail "$page is referred to and does not exist"
  [ "$section" = "$reference" ] || grep -qE "^##+ ${section//./\\.}[. ]" "$page" || fail "$page has no section $section"
done
for page in README.md doc/*.md data/*.md tests/parity/README.md; do
  for link in $(grep -oE '\]\([^)#:]+' "$page" | cut -c 3-); do
    [ -e "$(dirname "$page")/$link" ] || fail "$page links to $link, which does not exist"
  done
done
for path in $(grep -ohE '`(src|include|tests)/[a-zA-Z0-9_/.]+`' doc/*.md | tr -d '\`' | sort -u); do
  [ -e "$path" ] || fail "doc/ speaks of $path, which does not exist"
done
finish
