/*
 * test_fakes.c - the fake CUDA runtime shows what a GPU leaves undefined, and refuses what a GPU refuses.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "cuda/runtime.h"
#include "fake.h"
#include "support.h"

static struct fa_cuda *cuda;
static struct CUstream_st *one, *two;
static struct CUevent_st *event;
static float *device;

enum { N = 1000, UNSUPPORTED_IN_CAPTURE = 900, UNJOINED = 904 };

static int open_all(void **state)
{
    void *memory;

    (void)state;
    assert_ok(fa_cuda_open(FA_FAKE "/libfake_cudart.so", &cuda));
    assert_int_equal(cuda->cudaStreamCreateWithFlags(&one, FA_CUDA_StreamNonBlocking), 0);
    assert_int_equal(cuda->cudaStreamCreateWithFlags(&two, FA_CUDA_StreamNonBlocking), 0);
    assert_int_equal(cuda->cudaEventCreateWithFlags(&event, FA_CUDA_EventDisableTiming), 0);
    assert_int_equal(cuda->cudaMalloc(&memory, N * sizeof *device), 0);
    device = memory;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    cuda->cudaFree(device);
    cuda->cudaEventDestroy(event);
    cuda->cudaStreamDestroy(two);
    cuda->cudaStreamDestroy(one);
    fa_cuda_close(cuda);
    assert_int_equal(fake_live(), 0);
    return 0;
}

static int down(float *host, struct CUstream_st *stream)
{
    return cuda->cudaMemcpyAsync(host, device, N * sizeof *host, FA_CUDA_MemcpyDeviceToHost, stream);
}

/* A kernel that others overtake unless they wait for it. */
static void set_late(void *argument)
{
    const float value = *(const float *)argument;

    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
    for (int i = 0; i < N; i++)
        device[i] = value;
}

static void add_one(void *argument)
{
    (void)argument;
    for (int i = 0; i < N; i++)
        device[i] += 1;
}

static void memory_is_nan_until_it_is_written(void **state)
{
    float host[N] = {0}, seven = 7;

    (void)state;
    assert_int_equal(down(host, one), 0);
    assert_int_equal(cuda->cudaStreamSynchronize(one), 0);
    assert_true(isnan(host[0]) && isnan(host[N - 1]));
    assert_int_equal(fake_enqueue(one, set_late, &seven, sizeof seven), 0);
    assert_int_equal(cuda->cudaStreamQuery(one), FA_CUDA_ErrorNotReady);
    assert_int_equal(cuda->cudaStreamSynchronize(one), 0);
    assert_int_equal(down(host, one), 0);
    assert_int_equal(cuda->cudaStreamSynchronize(one), 0);
    assert_near(host[N - 1], 7, 0);
}

static void an_event_orders_two_streams(void **state)
{
    float host[N] = {0}, eight = 8;

    (void)state;
    assert_int_equal(fake_enqueue(one, set_late, &eight, sizeof eight), 0);
    assert_int_equal(cuda->cudaEventRecord(event, one), 0);
    assert_int_equal(cuda->cudaEventQuery(event), FA_CUDA_ErrorNotReady);
    assert_int_equal(cuda->cudaStreamWaitEvent(two, event, 0), 0);
    assert_int_equal(down(host, two), 0);
    assert_int_equal(cuda->cudaStreamSynchronize(two), 0);
    assert_int_equal(cuda->cudaEventQuery(event), 0);
    assert_near(host[0], 8, 0);
}

static void copies_of_another_kind_or_over_an_end_are_refused(void **state)
{
    float host[N] = {0};

    (void)state;
    assert_int_equal(cuda->cudaMemcpyAsync(host, host, 4, FA_CUDA_MemcpyHostToDevice, one), 1);
    assert_int_equal(cuda->cudaMemcpyAsync(device, device, 4, FA_CUDA_MemcpyHostToDevice, one), 1);
    assert_int_equal(cuda->cudaMemcpyAsync(device + 1, host, sizeof host, FA_CUDA_MemcpyHostToDevice, one),
                     1);
    assert_int_equal(cuda->cudaMemsetAsync(host, 0, 4, one), 1);
    assert_int_equal(cuda->cudaFree(host), 1);
}

static void a_graph_of_two_streams_replays(void **state)
{
    struct CUgraphExec_st *executable;
    struct CUgraph_st *graph;
    float host[N] = {0};
    void *memory;

    (void)state;
    assert_int_equal(cuda->cudaStreamBeginCapture(one, FA_CUDA_StreamCaptureModeThreadLocal), 0);
    assert_int_equal(cuda->cudaMalloc(&memory, 4), UNSUPPORTED_IN_CAPTURE);
    assert_int_equal(cuda->cudaStreamSynchronize(one), UNSUPPORTED_IN_CAPTURE);
    assert_int_equal(cuda->cudaMemsetAsync(device, 0, N * sizeof *device, one), 0);
    assert_int_equal(cuda->cudaEventRecord(event, one), 0);
    assert_int_equal(cuda->cudaStreamWaitEvent(two, event, 0), 0);
    assert_int_equal(fake_enqueue(two, add_one, "", 0), 0);
    assert_int_equal(cuda->cudaEventRecord(event, two), 0);
    assert_int_equal(cuda->cudaStreamWaitEvent(one, event, 0), 0);
    assert_int_equal(fake_enqueue(one, add_one, "", 0), 0);
    assert_int_equal(cuda->cudaStreamEndCapture(one, &graph), 0);
    assert_int_equal(cuda->cudaGraphInstantiateWithFlags(&executable, graph, 0), 0);
    assert_int_equal(cuda->cudaGraphDestroy(graph), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cuda->cudaGraphLaunch(executable, two), 0);
        assert_int_equal(down(host, two), 0);
        assert_int_equal(cuda->cudaStreamSynchronize(two), 0);
        assert_near(host[N - 1], 2, 0);
    }
    assert_int_equal(cuda->cudaGraphExecDestroy(executable), 0);
}

static void a_capture_that_another_stream_does_not_rejoin_is_refused(void **state)
{
    struct CUgraph_st *graph;

    (void)state;
    assert_int_equal(cuda->cudaStreamBeginCapture(one, FA_CUDA_StreamCaptureModeThreadLocal), 0);
    assert_int_equal(cuda->cudaEventRecord(event, one), 0);
    assert_int_equal(cuda->cudaStreamWaitEvent(two, event, 0), 0);
    assert_int_equal(fake_enqueue(two, add_one, "", 0), 0);
    assert_int_equal(cuda->cudaStreamEndCapture(one, &graph), UNJOINED);
    assert_null(graph);
    assert_int_equal(cuda->cudaStreamSynchronize(two), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_nan_until_it_is_written),
        cmocka_unit_test(an_event_orders_two_streams),
        cmocka_unit_test(copies_of_another_kind_or_over_an_end_are_refused),
        cmocka_unit_test(a_graph_of_two_streams_replays),
        cmocka_unit_test(a_capture_that_another_stream_does_not_rejoin_is_refused),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
