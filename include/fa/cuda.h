/*
 * cuda.h - the backend for NVIDIA's GPUs.
 *
 * It needs nothing when the program is built or started: driver, CUDA runtime, cuDNN and the kernels are
 * opened when it is, and what is missing is said then. Images run on streams of one GPU, convolutions by
 * cuDNN's graphs.
 */
#ifndef FA_CUDA_H
#define FA_CUDA_H

/* From now on fa_backend_open knows "cuda" (backend.h). Not from several threads. */
void fa_cuda_offer(void);

#endif
