/*
 * event.c - two streams of the fake CUDA runtime over the same memory, with the event that orders them or, if
 * the first argument is "event", without: ThreadSanitizer must tell the two apart.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fake_runtime.h"

enum { N = 1000 };

/* Late enough for the other stream to be done, if it does not wait. */
static void sleep_a_little(void *argument)
{
    (void)argument;
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

static void add_one(void *argument)
{
    float *values = *(float **)argument;

    for (int i = 0; i < N; i++)
        values[i] += 1;
}

static int run(bool orders)
{
    struct CUstream_st *one, *two;
    struct CUevent_st *event;
    float host[N] = {0};
    void *memory;
    int errors = cudaStreamCreateWithFlags(&one, FA_CUDA_StreamNonBlocking) |
                 cudaStreamCreateWithFlags(&two, FA_CUDA_StreamNonBlocking) |
                 cudaEventCreateWithFlags(&event, FA_CUDA_EventDisableTiming) |
                 cudaMalloc(&memory, sizeof host);

    errors |= fake_enqueue(one, sleep_a_little, "", 0);
    errors |= cudaMemcpyAsync(memory, host, sizeof host, FA_CUDA_MemcpyHostToDevice, one);
    errors |= cudaEventRecord(event, one);
    if (orders)
        errors |= cudaStreamWaitEvent(two, event, 0);
    errors |= fake_enqueue(two, add_one, &memory, sizeof memory);
    errors |= cudaMemcpyAsync(host, memory, sizeof host, FA_CUDA_MemcpyDeviceToHost, two);
    errors |= cudaStreamSynchronize(one) | cudaStreamSynchronize(two);
    printf("%g\n", (double)host[N - 1]);
    cudaFree(memory);
    cudaEventDestroy(event);
    cudaStreamDestroy(two);
    cudaStreamDestroy(one);
    return errors;
}

int main(int argc, char **argv)
{
    return run(argc < 2 || strcmp(argv[1], "event") != 0);
}
