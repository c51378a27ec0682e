#!/usr/bin/env bash
# The backend `cuda` learns what the processor learns: the gradient of a whole network, some steps, to the same bits in two parts and on
# any number of ranks. On the fakes of the CUDA runtime and of cuDNN, with the kernels in the emulator.
#
# usage: tests/e2e/fast_cuda.sh [STEPS]        (default: 6)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../cuda/lib.sh"
export FAKE_DEVICES=3
steps=${1:-6}

must "$freeanchor" synth --out "$scratch/images" --images 3 --classes 4 --seed 3 --size 64x64
must "$freeanchor" pack --coco "$scratch/images/annotations.json" --images "$scratch/images/images" --out "$scratch/data"

# Group norm keeps small images of a network without training apart from what rounding makes of them.
network=(--config "$configs/freeanchor_r18_fpn_quick.json" --set model.backbone.base_channels=16 --set model.neck_channels=32
  --set model.head_channels=32 --set model.head_convs=1 --set "data.scale=[32,32]" --threads 1)

# train FOLDER RANKS BACKEND STEPS BATCH
train() {
  must run_ranks "$2" "$freeanchor" train "${network[@]}" --backend "$3" --train-data "$scratch/data" --val-data "$scratch/data" \
    --work-dir "$scratch/$1" --set "train.max_steps=$4" --set "train.batch=$5" --set train.epochs=100 --set train.log_interval=1 \
    --set train.eval_interval=0 --set model.init=random --set train.checkpoint_interval=1000
}

echo "-- $steps steps, stopped and resumed in between"
train whole 1 cuda 3 1
for last in 2 3; do train cuda 1 cuda "$last" 1; done
equal whole cuda "a run stopped and resumed ends in the bits of one"
train blas 1 blas "$steps" 1
train cuda 1 cuda "$steps" 1
furthest=$(paste <(losses blas) <(losses cuda) |
  awk -v steps="$steps" '{ d = ($1 - $2) / $1; d = d < 0 ? -d : d; if (!(d <= most)) most = d } END { print NR == steps ? most : "nan" }')
holds "$furthest < 1e-4" "$steps losses are the processor's"

echo "-- ranks"
for ranks in 1 2 3; do train "on_$ranks" "$ranks" cuda 1 3; done
for ranks in 2 3; do equal on_1 "on_$ranks" "$ranks ranks end in the bits of one"; done

# Where group norm sees one position of one channel the gradient is zero but for rounding: such tensors count by the largest of all.
echo "-- gradients"
for backend in blas cuda; do
  must "$freeanchor" replay "${network[@]}" --set "data.scale=[64,64]" --backend "$backend" --data "$scratch/data" --image-id 1 --weights "$scratch/blas/weights.h5" \
    --out "$scratch/$backend.h5"
done
if /usr/bin/python3 -c 'import h5py, numpy' 2>/dev/null; then
  furthest=$(/usr/bin/python3 - "$scratch/blas.h5" "$scratch/cuda.h5" <<'END'
import h5py, numpy, sys

def tensors(path):
    found = {}
    with h5py.File(path) as file:
        file["grad"].visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found

host, device = map(tensors, sys.argv[1:])
assert len(host) > 50 and host.keys() == device.keys()
least = 1e-2 * max(numpy.abs(of).max() for of in host.values())
print(numpy.max([numpy.abs(device[name] - of).max() / max(numpy.abs(of).max(), least) for name, of in host.items()]))
END
  )
  holds "${furthest:-nan} < 1e-4" "every gradient is the processor's"
fi
finish
