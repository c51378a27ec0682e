#!/usr/bin/env bash
# A GPU that is not there, not free, too old, or another rank's as well ends a start in one sentence. GPUs, driver and cuDNN are
# fakes over host memory.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/../cuda/lib.sh"

config=$small_config
host=$(hostname)
on_gpu=("$freeanchor" info --config "$config" --backend cuda --size 64x64 --threads 1)

# refused CODE TEXT COMMAND...: it ends with CODE, and TEXT is in the one line that it says of that.
refused() {
  local code=$1 text=$2 said got
  shift 2
  said=$("$@" 2>&1 >/dev/null)
  got=$?
  said=$(grep '^freeanchor' <<<"$said")
  if [ "$got" -eq "$code" ] && [[ $said == *"$text"* && $said != *$'\n'* ]]; then
    echo "ok: $said"
  else
    fail "exit code $got, expected $code; expected one line with \"$text\", read \"$said\": $*"
  fi
}

echo "-- one rank"
refused 2 "there is no NVIDIA driver on this host; install one" env FAKE_DRIVER_VERSION=0 "${on_gpu[@]}"
refused 2 "is for CUDA 12.8, " env FAKE_DRIVER_VERSION=12080 "${on_gpu[@]}"
refused 2 "no CUDA runtime could be opened" env FA_CUDA_RUNTIME="$scratch/nowhere" "${on_gpu[@]}"
refused 2 "no cuDNN 9 could be opened" env FA_CUDA_CUDNN="$scratch/nowhere" "${on_gpu[@]}"
refused 2 "cuDNN is mixed" env FAKE_CUDNN_MIXED=1 "${on_gpu[@]}"
refused 2 "the kernels for GPUs could not be opened: $scratch/nowhere" env FA_CUDA_KERNELS="$scratch/nowhere" "${on_gpu[@]}"
refused 2 "has compute capability 7.0, and the kernels are for 7.5" env FAKE_CAPABILITY=70 "${on_gpu[@]}"
refused 2 "see what nvidia-smi and CUDA_VISIBLE_DEVICES show" env FAKE_DEVICES=0 "${on_gpu[@]}"
refused 1 "another process has it to itself" env FAKE_BUSY=0 "${on_gpu[@]}"
refused 1 "of GPU 0 (Fake GPU): out of memory, " env FAKE_MEMORY_MIB=5 "${on_gpu[@]}"
refused 2 "backend.device names GPU 0, and backend blas computes on the processors" "${on_gpu[@]}" --backend blas --set backend.device=0
refused 2 "GPU 3 is asked for, and this host shows 1" "${on_gpu[@]}" --set backend.device=3

echo "-- what info and the doctor say"
# says WORDS LINE COMMAND...
says() {
  local words=$1 line=$2
  shift 2
  if "$@" 2>&1 | grep -E "$line" >"$scratch/line"; then echo "ok: $words"; else fail "$words: no line like \"$line\": $*"; fi
}
doctor=("$freeanchor" doctor --threads 1)
says "info counts GPUs" "^GPUs  *2 of Fake GPU \(compute capability 9.0, 16 GiB\)$" env FAKE_DEVICES=2 "$freeanchor" info
says "info knows the kernels" "^GPU kernels for compute capability 7.5, 8.0, 9.0 and later$" "$freeanchor" info
says "info tells what is missing" "^cuDNN  *not here: no cuDNN 9 could be opened: $scratch/nowhere" env FA_CUDA_CUDNN="$scratch/nowhere" "$freeanchor" info
says "the doctor knows the driver" "^ok  *CUDA  *13.0 \(.*\), driver for CUDA 13.0$" "${doctor[@]}"
says "the doctor notes what is missing" "^note  *cuDNN  *not here: no cuDNN 9" env FA_CUDA_CUDNN="$scratch/nowhere" "${doctor[@]}"
says "a host without a GPU is in order" "^ok  *GPUs  *none: there is no NVIDIA driver" env FAKE_DRIVER_VERSION=0 "${doctor[@]}"

echo "-- launchers"
train_sh=("$root/launch/train.sh" --dry-run --work-dir "$scratch/w" --config "$config")
expect 0 "-n 2 $(quoted "$freeanchor") train " env FREEANCHOR="$freeanchor" "${train_sh[@]}" --gpus 2
expect 0 "--config $(quoted "$config") --backend cuda" env FREEANCHOR="$freeanchor" "${train_sh[@]}" --gpus 2 --ranks 1
expect 0 "--config $(quoted "$config") --backend=blas" env FREEANCHOR="$freeanchor" "${train_sh[@]}" --gpus 2 --backend=blas
expect 2 "3 ranks on a host that has 2 GPUs" env FREEANCHOR="$freeanchor" "${train_sh[@]}" --gpus 2 --ranks 3
batch() { # GPUS OPTION...: what a batch script would start, by a srun that does nothing
  env FREEANCHOR="$freeanchor" SLURM_GPUS_ON_NODE="$1" home="$root" launcher=srun bash -uc 'srun() { :; }; export -f srun
    env() { :; }; . "$home/slurm/job.sh"; shift; on_ranks "$@"' bash "$@"
}
expect 0 "--wait=120 --gpu-bind=none $(quoted "$freeanchor") train --config c.json --backend cuda" batch 4 train --config c.json
expect 0 "--wait=120 --gpu-bind=none $(quoted "$freeanchor") train --backend onednn" batch 4 train --backend onednn
expect 0 "--wait=120 $(quoted "$freeanchor") train --config c.json" batch 0 train --config c.json

echo "-- two ranks, whose launcher shows each a GPU of its own, or the same"
# shows GPU GPU COMMAND...
shows() {
  local a=$1 b=$2
  shift 2
  FAKE_DEVICES=2 two_ranks "env CUDA_VISIBLE_DEVICES=$a ${*@Q}" "env CUDA_VISIBLE_DEVICES=$b ${*@Q}"
}
refused 2 "ranks 0 and 1 on $host have one GPU, Fake GPU (GPU-fafafafa-fafa-fafa-fafa-fafafafafa01)" shows 1 0,1 "${on_gpu[@]}"

echo "-- two ranks with other versions of cuDNN"
must "$freeanchor" synth --out "$scratch/synth" --images 2 --classes 2 --seed 1 --size 64x64
must "$freeanchor" pack --coco "$scratch/synth/annotations.json" --images "$scratch/synth/images" --out "$scratch/shards"
train=("$freeanchor" train --config "$config" --backend cuda --threads 1 --train-data "$scratch/shards" --work-dir "$scratch/w"
  --set train.batch=2 --resume "$scratch/nowhere" --set "data.scale=[32,32]")
mixed() {
  FAKE_DEVICES=2 two_ranks "${*@Q}" "env FAKE_CUDNN_VERSION=91000 ${*@Q}"
}
refused 2 "with train.reduction canonical, the GPU of a rank is cuDNN 9.10.0, Fake GPU, sm_90, 132 multiprocessors, fp32 here" \
  mixed "${train[@]}"
mixed "${train[@]}" --set train.reduction=allreduce >"$scratch/said" 2>&1
for line in "INFO  rank 0 on $host: GPU 0, Fake GPU, GPU-fafafafa-fafa-fafa-fafa-fafafafafa00" \
  "INFO  rank 1 on $host: GPU 1, Fake GPU, GPU-fafafafa-fafa-fafa-fafa-fafafafafa01" \
  "WARN  $host: cuDNN 9.19.0, Fake GPU, sm_90, 132 multiprocessors, fp32; $host: cuDNN 9.10.0, Fake GPU"; do
  grep -qF "$line" "$scratch/said" || fail "no line with: $line"
done
grep -F "WARN" "$scratch/said"
finish
