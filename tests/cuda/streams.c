/*
 * streams.c - a kernel in the emulator is launched into a stream of the fake CUDA runtime: it waits for its
 * turn, and is captured and replayed like everything else.
 */
#include "channel_sums.h"
#include "cuda/runtime.h"
#include "fake.h"
#include "support.h"

enum { POSITIONS = 300, CHANNELS = 8 };

static struct fa_cuda *cuda;
static struct CUstream_st *stream, *other;
static struct CUevent_st *event;
static float *activation, *sum;
static void *scratch;

static void *take(size_t n_bytes)
{
    void *memory;

    assert_int_equal(cuda->cudaMalloc(&memory, n_bytes), 0);
    return memory;
}

static int open_all(void **state)
{
    const size_t n_scratch = fa_cuda_channel_sums_scratch_bytes(FA_CUDA_F32, POSITIONS, CHANNELS);

    (void)state;
    assert_ok(fa_cuda_open(FA_FAKE "/libfake_cudart.so", &cuda));
    assert_int_equal(cuda->cudaStreamCreateWithFlags(&stream, FA_CUDA_StreamNonBlocking), 0);
    assert_int_equal(cuda->cudaStreamCreateWithFlags(&other, FA_CUDA_StreamNonBlocking), 0);
    assert_int_equal(cuda->cudaEventCreateWithFlags(&event, FA_CUDA_EventDisableTiming), 0);
    activation = take(POSITIONS * CHANNELS * sizeof *activation);
    sum = take(CHANNELS * sizeof *sum);
    scratch = take(n_scratch);
    assert_int_equal(cuda->cudaMemsetAsync(scratch, 0, n_scratch, stream), 0);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    cuda->cudaFree(activation);
    cuda->cudaFree(sum);
    cuda->cudaFree(scratch);
    cuda->cudaEventDestroy(event);
    cuda->cudaStreamDestroy(stream);
    cuda->cudaStreamDestroy(other);
    fa_cuda_close(cuda);
    assert_int_equal(fake_live(), 0);
    return 0;
}

/* All values up, their sums down by another stream. */
static void ask(const float *values, float *sums)
{
    assert_int_equal(cuda->cudaMemcpyAsync(activation, values, POSITIONS * CHANNELS * sizeof *values,
                                           FA_CUDA_MemcpyHostToDevice, stream),
                     0);
    assert_int_equal(
        fa_cuda_channel_sums(stream, FA_CUDA_F32, POSITIONS, CHANNELS, activation, false, scratch, sum), 0);
    assert_int_equal(cuda->cudaEventRecord(event, stream), 0);
    assert_int_equal(cuda->cudaStreamWaitEvent(other, event, 0), 0);
    assert_int_equal(
        cuda->cudaMemcpyAsync(sums, sum, CHANNELS * sizeof *sums, FA_CUDA_MemcpyDeviceToHost, other), 0);
    assert_int_equal(cuda->cudaEventRecord(event, other), 0);
    assert_int_equal(cuda->cudaStreamWaitEvent(stream, event, 0), 0);
}

static void fill(float *values, float value)
{
    for (int i = 0; i < POSITIONS * CHANNELS; i++)
        values[i] = value;
}

static void a_kernel_takes_its_turn_in_a_stream(void **state)
{
    static float values[POSITIONS * CHANNELS];
    float sums[CHANNELS];

    (void)state;
    fill(values, 2);
    ask(values, sums);
    assert_int_equal(cuda->cudaStreamSynchronize(stream), 0);
    assert_near(sums[CHANNELS - 1], 2 * POSITIONS, 0);
}

static void a_captured_kernel_runs_when_its_graph_does(void **state)
{
    static float values[POSITIONS * CHANNELS];
    struct CUgraphExec_st *executable;
    float sums[CHANNELS] = {0};
    struct CUgraph_st *graph;

    (void)state;
    assert_int_equal(cuda->cudaStreamBeginCapture(stream, FA_CUDA_StreamCaptureModeThreadLocal), 0);
    ask(values, sums);
    assert_int_equal(cuda->cudaStreamEndCapture(stream, &graph), 0);
    assert_int_equal(cuda->cudaGraphInstantiateWithFlags(&executable, graph, 0), 0);
    assert_int_equal(cuda->cudaGraphDestroy(graph), 0);
    assert_near(sums[0], 0, 0);
    for (int round = 1; round < 3; round++) {
        fill(values, (float)round);
        assert_int_equal(cuda->cudaGraphLaunch(executable, stream), 0);
        assert_int_equal(cuda->cudaStreamSynchronize(stream), 0);
        assert_near(sums[0], round * POSITIONS, 0);
    }
    assert_int_equal(cuda->cudaGraphExecDestroy(executable), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_takes_its_turn_in_a_stream),
        cmocka_unit_test(a_captured_kernel_runs_when_its_graph_does),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
