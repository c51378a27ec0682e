"""The peer of `freeanchor bench overlap`: the training step of step.py under DistributedDataParallel over gloo, one image a
process. Prints one JSON object: images a second of all processes together. usage: ddp.py PROCESSES [options of step.py]
"""
import json
import os
import statistics
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from torch.nn.parallel import DistributedDataParallel

import step as peer


class DistributedStep(peer.Step):
    def __init__(self, options):
        super().__init__(options)
        self.model = DistributedDataParallel(self.model)


def seconds_of_step(step):
    """As long as the slowest process takes."""
    dist.barrier()
    start = time.perf_counter()
    step.train(peer.Clock())
    seconds = torch.tensor(time.perf_counter() - start, dtype=torch.float64)
    dist.all_reduce(seconds, dist.ReduceOp.MAX)
    return float(seconds)


def work(rank, n, words, port):
    options = peer.parse(["step", *words])
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE=str(n))
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank]})
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    dist.init_process_group("gloo")
    step = DistributedStep(options)
    times = [seconds_of_step(step) for _ in range(options.steps + 1)][1:]
    if rank == 0:
        step_s = statistics.median(times)
        print(json.dumps({"peer": f"PyTorch {torch.__version__} DDP", "ranks": n, "step_s": step_s, "images_per_s": n / step_s}))
    dist.destroy_process_group()


def main():
    n = int(sys.argv[1])
    port = 20000 + os.getpid() % 10000
    processes.spawn(work, (n, sys.argv[2:], port), nprocs=n)


if __name__ == "__main__":
    main()
