/*
 * fake_runtime.h - what the files of the fake CUDA runtime share: counts, memory, queues of jobs.
 */
#ifndef FA_TESTS_CUDA_FAKE_RUNTIME_H
#define FA_TESTS_CUDA_FAKE_RUNTIME_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "cuda/runtime.h"
#include "fake.h"

#define FA_CUDA_DECLARE(result, name, arguments) result name arguments;
FA_CUDA_FUNCTIONS(FA_CUDA_DECLARE)
FA_CUDA_DRIVER_FUNCTIONS(FA_CUDA_DECLARE)
#undef FA_CUDA_DECLARE

/* Errors of CUDA that the program does not tell apart. */
enum {
    INVALID_VALUE = 1,
    INVALID_DEVICE = 101,
    INVALID_HANDLE = 400,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_UNJOINED = 904
};

long fake_environment(const char *name, long otherwise);

/* Success, or what this call fails with: that it is ordered to, or that the GPU is lost. */
int fake_call(int ordered);

#define FAKE_TRY(call)                                                                                       \
    do {                                                                                                     \
        const int fake_try_error_ = (call);                                                                  \
        if (fake_try_error_ != FA_CUDA_Success)                                                              \
            return fake_try_error_;                                                                          \
    } while (0)

/* Is no event ever reached? */
bool fake_hangs(void);

/* Of the GPU, all of it. */
size_t fake_memory_bytes(void);

/* Zeroed, counted as live; and its end. */
void *fake_make(size_t n_bytes);
void fake_destroy(void *thing);

/* ---- memory of other processes: fake_memory.c knows the blocks, fake_share.c the way ---- */

struct fake_lender {
    long process;
    char *start; /* there */
};

/* Does device memory of this process begin there, and how much? */
bool fake_own_block(const void *start, size_t *n_bytes);
void fake_add_loan(void *start, size_t n_bytes, struct fake_lender lender);
bool fake_end_loan(void *start, size_t *n_bytes); /* false: it is none */
void fake_read_loan(struct fake_lender lender, void *to, size_t n_bytes);

/* Captures that this thread has begun: meanwhile it may allocate nothing. */
extern _Thread_local int fake_n_captures;

/* ---- fake_stream.c */

struct job {
    struct job *next;
    void (*run)(void *argument);
    size_t n_bytes;
    max_align_t argument[]; /* a copy of the caller's */
};

struct list {
    struct job *first, **end;
};

struct CUgraph_st {
    struct list jobs;
    struct CUstream_st *origin;
};

struct CUstream_st {
    struct CUstream_st *next; /* of all */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct list queue;
    bool busy, ends;
    struct CUgraph_st *capture; /* gets the jobs instead of the queue, unless NULL */
    long captured, joined;      /* jobs in it; and those that its origin has waited for */
};

struct job *fake_new_job(void (*run)(void *), const void *argument, size_t n_bytes);
void fake_append(struct list *list, struct job *job);
void fake_free_jobs(struct list *list);

/* The graph that gets the stream's jobs; NULL unless it is captured. */
struct CUgraph_st *fake_capture_of(struct CUstream_st *stream);

/* Calls visit for every stream that there is. */
void fake_each_stream(void (*visit)(struct CUstream_st *stream, void *context), void *context);

/* The answer to who asks for what is not done yet, after a nap: the GPU works on the asker's processor. */
int fake_not_ready(void);

/* Until all work that was asked for is done, as cudaFree does. */
void fake_wait_all(void);

#endif
