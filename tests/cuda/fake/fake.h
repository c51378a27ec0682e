/*
 * fake.h - a CUDA runtime and a cuDNN on host memory, with which the host code of the CUDA backend runs where
 * there is no GPU.
 *
 * They are shared libraries with the functions of NVIDIA's, opened by path; a test that links with them sees
 * the same ones here. What a GPU leaves undefined they make visible:
 *   - each stream is a thread with a queue, so that work is as unordered as events leave it (TSan sees it);
 *   - device and page-locked memory is full of NaN at first, every block is an allocation of its own (ASan
 * sees its ends), a copy's ends must be of the kind that it says;
 *   - a stream that is captured refuses to be waited for.
 * Captured work is replayed in the order in which it was captured, on one stream.
 *
 * Environment: FAKE_FAIL=N makes the Nth call fail that can; FAKE_DEVICES (of which CUDA_VISIBLE_DEVICES
 * shows some), FAKE_NAME, FAKE_CAPABILITY, FAKE_MEMORY_MIB, FAKE_CUDA_VERSION, FAKE_DRIVER_VERSION,
 * FAKE_CUDNN_VERSION are what the libraries say (1, "Fake GPU", 90, 16384, 13000, 13000, 91900);
 * FAKE_CUDNN_MIXED=1: its parts do not fit together; FAKE_BUSY=N: that device is another process's;
 * FAKE_APART=1: other processes' memory cannot be reached; FAKE_LOST=FILE: every call fails once the file is
 * there; FAKE_HANGS=FILE: no event is reached any more.
 */
#ifndef FA_TESTS_CUDA_FAKE_H
#define FA_TESTS_CUDA_FAKE_H

#include <stdbool.h>
#include <stddef.h>

struct CUstream_st;

/* The n-th call from now that can fail fails; 0 switches that off. */
void fake_fail_after(long n);

/* From now on every call of the runtime fails, as that of a GPU that is lost; or none does. */
void fake_lose(bool lost);

/* What the GPU has; 0: what the environment says. */
void fake_set_memory(size_t n_bytes);

/* Calls that could have failed, since the process began. */
long fake_calls(void);

/* Blocks of memory, streams, events, graphs, handles and descriptors that exist. */
long fake_live(void);

/* ---- for the other fakes ---- */

/* Is it this call's turn to fail? Counts it. */
bool fake_call_fails(void);
bool fake_is_lost(void);
void fake_count_live(long change);

/* Adds a call of run(argument) to a stream, with its own copy of the n bytes; a cudaError_t. */
int fake_enqueue(struct CUstream_st *stream, void (*run)(void *argument), const void *argument,
                 size_t n_bytes);

/* The same as a kernel's launch, which can fail. */
int fake_launch(struct CUstream_st *stream, void (*run)(void *argument), const void *argument,
                size_t n_bytes);

/* Do n bytes of device memory begin there? */
bool fake_is_device(const void *memory, size_t n_bytes);

#endif
