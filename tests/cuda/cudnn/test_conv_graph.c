/*
 * test_conv_graph.c - convolutions by the graphs of cuDNN, on a fake of it and of the CUDA runtime, against
 * those of the blas backend; and every call that fails, failing once.
 *
 * Errors are relative to the largest value of the array. The factors are rounded before, for both, so what is
 * left is the order of sums, and for bf16 the rounding of each result: at most half of 2^-7 of it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cuda/cudnn/execute.h"
#include "cuda/runtime.h"
#include "fa/memory.h"
#include "fake.h"
#include "op_cases.h"
#include "support.h"

#define TOLERANCE      5e-6
#define TOLERANCE_BF16 (0x1p-8 + TOLERANCE)

/* Loops of the fake take longer. */
#define MOST_MACS 3e7

enum { MOST_WORKSPACE = 1 << 20 };

static struct fa_cuda *cuda;
static struct fa_cudnn *cudnn;

static int open_libraries(void **state)
{
    (void)state;
    assert_ok(fa_cuda_open(FA_FAKE "/libfake_cudart.so", &cuda));
    assert_ok(fa_cudnn_open(FA_FAKE, &cudnn));
    return 0;
}

static int close_libraries(void **state)
{
    fa_cudnn_close(cudnn);
    fa_cuda_close(cuda);
    assert_int_equal(fake_live(), 0);
    return fa_test_memory_balances(state);
}

/* ---- numbers ---- */

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* To as many bits as factors have. */
static void round_factors(enum fa_cudnn_precision precision, float *values, size_t n)
{
    const int dropped = precision == FA_CUDNN_BF16 ? 16 : precision == FA_CUDNN_TF32 ? 13 : 0;

    for (size_t i = 0; i < n && dropped > 0; i++) {
        const float scale = ldexpf(1, ilogbf(values[i]) - 23 + dropped);

        values[i] = values[i] == 0 ? 0 : rintf(values[i] / scale) * scale;
    }
}

/* ---- memory ---- */

/* A tensor on the host, in the device's layout and type. */
static void write_element(enum fa_cudnn_precision precision, void *memory, size_t at, float value)
{
    if (precision == FA_CUDNN_BF16)
        ((uint16_t *)memory)[at] = (uint16_t)(bits_of(value) >> 16);
    else
        ((float *)memory)[at] = value;
}

static float read_element(enum fa_cudnn_precision precision, const void *memory, size_t at)
{
    const uint32_t bits = (uint32_t)((const uint16_t *)memory)[at] << 16;
    float value;

    if (precision != FA_CUDNN_BF16)
        return ((const float *)memory)[at];
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The memory of one convolution: tensors on the host and on the device. */
struct memory {
    const struct fa_cudnn_conv *conv;
    size_t bytes[FA_CUDNN_N_TENSORS];
    void *host[FA_CUDNN_N_TENSORS];
    struct fa_cudnn_memory device;
};

static size_t of_rows(const struct fa_cudnn_conv *conv, enum fa_cudnn_tensor t, size_t row, size_t c)
{
    const struct fa_shape out = fa_conv_output_shape(&conv->desc);

    return row * (size_t)fa_cudnn_channels(t == FA_CUDNN_X ? conv->desc.in.c : out.c) + c;
}

/* HWC, one row of c channels after the other. */
static void write_rows(struct memory *memory, enum fa_cudnn_tensor t, const float *values, size_t n_rows,
                       int c)
{
    for (size_t i = 0; i < n_rows * (size_t)c; i++)
        write_element(memory->conv->precision, memory->host[t],
                      of_rows(memory->conv, t, i / (size_t)c, i % (size_t)c), values[i]);
}

static void read_rows(const struct memory *memory, enum fa_cudnn_tensor t, float *values, size_t n_rows,
                      int c)
{
    for (size_t i = 0; i < n_rows * (size_t)c; i++)
        values[i] = read_element(memory->conv->precision, memory->host[t],
                                 of_rows(memory->conv, t, i / (size_t)c, i % (size_t)c));
}

/* Where element i of filters in OIHW order lies. */
static size_t of_filters(const struct fa_cudnn_conv *conv, size_t i)
{
    const struct fa_conv_desc *desc = &conv->desc;
    const size_t area = (size_t)(desc->kernel * desc->kernel), in = (size_t)(desc->in.c / desc->groups);
    const size_t row = desc->groups > 1 ? in : (size_t)fa_cudnn_channels(desc->in.c);

    return (i / (in * area) * area + i % area) * row + i / area % in;
}

static fa_status memory_open(struct memory *memory, const struct fa_cudnn_conv *conv, size_t workspace_bytes)
{
    *memory = (struct memory){.conv = conv};
    for (int t = 0; t < FA_CUDNN_N_TENSORS; t++) {
        memory->bytes[t] =
            fa_cudnn_elements(conv, (enum fa_cudnn_tensor)t) * fa_cudnn_element_bytes(conv->precision);
        FA_TRY(fa_alloc_zero(1, memory->bytes[t], &memory->host[t]));
        FA_TRY(fa_cuda_check(cuda, cuda->cudaMalloc(&memory->device.tensor[t], memory->bytes[t]),
                             "taking memory for a tensor"));
    }
    return workspace_bytes == 0
               ? FA_OK
               : fa_cuda_check(cuda, cuda->cudaMalloc(&memory->device.workspace, workspace_bytes),
                               "taking memory for a workspace");
}

static void memory_close(struct memory *memory)
{
    for (int t = 0; t < FA_CUDNN_N_TENSORS; t++) {
        fa_free(memory->host[t]);
        cuda->cudaFree(memory->device.tensor[t]);
    }
    cuda->cudaFree(memory->device.workspace);
}

static fa_status upload(struct memory *memory, enum fa_cudnn_tensor t, struct CUstream_st *stream)
{
    return fa_cuda_check(cuda,
                         cuda->cudaMemcpyAsync(memory->device.tensor[t], memory->host[t], memory->bytes[t],
                                               FA_CUDA_MemcpyHostToDevice, stream),
                         "copying to the GPU");
}

static fa_status download(struct memory *memory, enum fa_cudnn_tensor t, struct CUstream_st *stream)
{
    return fa_cuda_check(cuda,
                         cuda->cudaMemcpyAsync(memory->host[t], memory->device.tensor[t], memory->bytes[t],
                                               FA_CUDA_MemcpyDeviceToHost, stream),
                         "copying from the GPU");
}

/* ---- one convolution, from opening the device to its result ---- */

struct work {
    const struct op_data *data;
    struct op_result *result; /* gets what the direction computes */
    char engine[FA_CUDNN_CHOICE_TEXT_MAX];
};

static enum fa_cudnn_tensor output_of(enum fa_conv_direction direction)
{
    return direction == FA_CONV_FORWARD         ? FA_CUDNN_Y
           : direction == FA_CONV_BACKWARD_DATA ? FA_CUDNN_X
                                                : FA_CUDNN_W;
}

static void fill(struct memory *memory, const struct op_data *data)
{
    const struct fa_cudnn_conv *conv = memory->conv;
    const int in = conv->desc.in.c, out = conv->desc.out_channels;

    write_rows(memory, FA_CUDNN_X, data->src, data->n_src / (size_t)in, in);
    for (size_t i = 0; i < data->n_filters; i++)
        write_element(conv->precision, memory->host[FA_CUDNN_W], of_filters(conv, i), data->filters[i]);
    write_rows(memory, FA_CUDNN_Y, data->diff_dst, data->n_dst / (size_t)out, out);
    write_rows(memory, FA_CUDNN_Z, data->residual, data->n_dst / (size_t)out, out);
    write_rows(memory, FA_CUDNN_B, data->bias, 1, out);
}

static void take_result(const struct memory *memory, const struct work *work)
{
    const struct fa_cudnn_conv *conv = memory->conv;
    const struct op_data *data = work->data;

    switch (conv->direction) {
    case FA_CONV_FORWARD:
        read_rows(memory, FA_CUDNN_Y, work->result->dst, data->n_dst / (size_t)conv->desc.out_channels,
                  conv->desc.out_channels);
        break;
    case FA_CONV_BACKWARD_DATA:
        read_rows(memory, FA_CUDNN_X, work->result->diff_src, data->n_src / (size_t)conv->desc.in.c,
                  conv->desc.in.c);
        break;
    case FA_CONV_BACKWARD_WEIGHTS:
        for (size_t i = 0; i < data->n_filters; i++)
            work->result->diff_filters[i] =
                read_element(conv->precision, memory->host[FA_CUDNN_W], of_filters(conv, i));
        break;
    }
}

static fa_status execute(const struct fa_cudnn_plan *plan, struct memory *memory, struct CUstream_st *stream)
{
    struct fa_cudnn_handle handle = {0};
    struct fa_cudnn_call call = {.descriptors = {.cudnn = cudnn}};
    fa_status status = fa_cudnn_handle_create(cudnn, stream, &handle);

    for (int t = 0; t < FA_CUDNN_N_TENSORS && status == FA_OK; t++)
        if (t != (int)output_of(memory->conv->direction))
            status = upload(memory, (enum fa_cudnn_tensor)t, stream);
    if (status == FA_OK)
        status = fa_cudnn_call_create(plan, &memory->device, &call);
    if (status == FA_OK)
        status = fa_cudnn_call_run(&call, &handle);
    if (status == FA_OK)
        status = download(memory, output_of(memory->conv->direction), stream);
    if (status == FA_OK)
        status = fa_cuda_check(cuda, cuda->cudaStreamSynchronize(stream), "waiting for the GPU");
    fa_cudnn_call_destroy(&call);
    if (handle.cudnn != NULL)
        fa_cudnn_handle_destroy(&handle);
    return status;
}

static fa_status run_plan(const struct fa_cudnn_plan *plan, const struct fa_cudnn_conv *conv,
                          const struct work *work)
{
    struct CUstream_st *stream = NULL;
    struct memory memory;
    fa_status status = memory_open(&memory, conv, plan->workspace_bytes);

    if (status == FA_OK) {
        fill(&memory, work->data);
        status = fa_cuda_check(cuda, cuda->cudaStreamCreateWithFlags(&stream, FA_CUDA_StreamNonBlocking),
                               "opening a stream");
    }
    if (status == FA_OK)
        status = execute(plan, &memory, stream);
    if (stream != NULL)
        cuda->cudaStreamDestroy(stream);
    if (status == FA_OK)
        take_result(&memory, work);
    memory_close(&memory);
    return status;
}

static fa_status run_graph(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                           struct work *work)
{
    struct fa_cudnn_plan plan;
    fa_status status;

    FA_TRY(fa_cudnn_plan_first(device, graph, MOST_WORKSPACE, &plan));
    fa_cudnn_choice_print(&plan.choice, work->engine);
    status = run_plan(&plan, &graph->conv, work);
    fa_cudnn_plan_destroy(&plan);
    return status;
}

static fa_status run_conv(const struct fa_cudnn_conv *conv, struct work *work)
{
    struct fa_cudnn_device device;
    struct fa_cudnn_graph graph;
    fa_status status;

    FA_TRY(fa_cudnn_device_open(cudnn, 0, &device));
    status = fa_cudnn_graph_create(cudnn, conv, &graph);
    if (status == FA_OK) {
        status = run_graph(&device, &graph, work);
        fa_cudnn_graph_destroy(&graph);
    }
    fa_cudnn_device_close(&device);
    return status;
}

/* ---- against blas ---- */

static void round_data(enum fa_cudnn_precision precision, struct op_data *data)
{
    for (size_t i = 0; i < data->n_bias; i++)
        data->scale[i] = 1;
    round_factors(precision, data->src, data->n_src);
    round_factors(precision, data->filters, data->n_filters);
    round_factors(precision, data->bias, data->n_bias);
    round_factors(precision, data->residual, data->n_dst);
    round_factors(precision, data->diff_dst, data->n_dst);
}

static void check_near(const struct fa_cudnn_conv *conv, const char *name, const fa_real *got,
                       const fa_real *want, size_t n)
{
    const double tolerance = conv->precision == FA_CUDNN_BF16 ? TOLERANCE_BF16 : TOLERANCE;
    const double worst = worst_real(got, want, n);

    if (!(worst < tolerance))
        print_error("%s, %s, %s: off by %.2g, allowed %.2g\n", name, fa_conv_direction_names[conv->direction],
                    fa_cudnn_precision_names[conv->precision], worst, tolerance);
    assert_true(worst < tolerance);
}

static void check_precision(const struct op_case *op, const struct op_data *data,
                            const struct op_result *want, enum fa_cudnn_precision precision)
{
    struct op_result got = op_result_new(data);

    for (int d = FA_CONV_FORWARD; d <= FA_CONV_BACKWARD_WEIGHTS; d++) {
        const struct fa_cudnn_conv conv = {
            .desc = op->desc, .direction = (enum fa_conv_direction)d, .precision = precision, .bias = true};
        struct work work = {.data = data, .result = &got};

        assert_ok(run_conv(&conv, &work));
        /* eng1 has tensor cores, which strict floats must not pass. */
        assert_string_equal(work.engine, precision == FA_CUDNN_FP32 ? "eng0" : "eng1_k2=-1");
        if (d == FA_CONV_FORWARD)
            check_near(&conv, op->name, got.dst, want->dst, data->n_dst);
        else if (d == FA_CONV_BACKWARD_DATA)
            check_near(&conv, op->name, got.diff_src, want->diff_src, data->n_src);
        else
            check_near(&conv, op->name, got.diff_filters, want->diff_filters, data->n_filters);
    }
    op_result_free(&got);
}

static void check_case(struct fa_backend *blas, struct op_case op, enum fa_cudnn_precision precision)
{
    struct op_data data = op_data_new(&op);
    struct op_result want = op_result_new(&data);
    struct op_run oracle;

    op.in_place = op.accumulate = op.mask = false; /* are not cuDNN's part */
    round_data(precision, &data);
    oracle = op_run_open(blas, &op);
    op_run_forward(&oracle, &data, want.dst);
    op_run_backward(&oracle, &data, &want);
    check_precision(&op, &data, &want, precision);
    op_run_close(&oracle);
    op_result_free(&want);
    op_data_free(&data);
}

static void every_direction_agrees_with_blas_in_every_precision(void **state)
{
    struct fa_backend *blas;
    size_t n_checked = 0;

    (void)state;
    assert_ok(fa_backend_open(
        &(struct fa_backend_config){.name = "blas", .n_threads = 1, .preference = FA_CONV_DIRECT}, &blas));
    for (size_t i = 0; i < n_op_cases; i++)
        for (int p = 0; p < 3 && fa_conv_macs(&op_cases[i].desc) < MOST_MACS; p++, n_checked++)
            check_case(blas, op_cases[i], (enum fa_cudnn_precision)p);
    fa_backend_close(blas);
    assert_true(n_checked >= 3 * 24);
}

/* ---- a graph without its parts ---- */

static const struct op_case small = {
    "small", {.in = {11, 6, 7}, .out_channels = 5, .groups = 1, .kernel = 3, .stride = 1, .pad = 1}};

static void without_a_bias_nothing_is_added(void **state)
{
    struct op_data data = op_data_new(&small);
    struct op_result with = op_result_new(&data), without = op_result_new(&data);
    struct fa_cudnn_conv conv = {.desc = small.desc, .bias = true};
    struct work work = {.data = &data, .result = &with};

    (void)state;
    assert_ok(run_conv(&conv, &work));
    conv.bias = false;
    work.result = &without;
    assert_ok(run_conv(&conv, &work));
    for (size_t i = 0; i < data.n_dst; i++)
        assert_near(with.dst[i] - data.bias[i % 5], without.dst[i], 1e-5);
    op_result_free(&with);
    op_result_free(&without);
    op_data_free(&data);
}

static void assert_elements(const struct fa_cudnn_conv *conv, enum fa_cudnn_tensor tensor, size_t want)
{
    assert_int_equal(fa_cudnn_elements(conv, tensor), want);
}

/* The head's boxes and the image; and groups, between which there is no room. */
static void channels_are_padded_to_multiples_of_eight(void **state)
{
    const struct fa_cudnn_conv boxes = {
        .desc = {.in = {256, 5, 7}, .out_channels = 36, .groups = 1, .kernel = 3, .stride = 1, .pad = 1}};
    const struct fa_cudnn_conv image = {
        .desc = {.in = {3, 32, 64}, .out_channels = 64, .groups = 1, .kernel = 7, .stride = 2, .pad = 3}};
    const struct fa_cudnn_conv groups = {
        .desc = {.in = {128, 5, 7}, .out_channels = 128, .groups = 32, .kernel = 3, .stride = 1, .pad = 1}};

    (void)state;
    assert_elements(&boxes, FA_CUDNN_Y, 5 * 7 * 40);
    assert_elements(&boxes, FA_CUDNN_W, 40 * 9 * 256);
    assert_elements(&boxes, FA_CUDNN_B, 40);
    assert_elements(&image, FA_CUDNN_X, 32 * 64 * 8);
    assert_elements(&image, FA_CUDNN_W, 64 * 49 * 8);
    assert_elements(&image, FA_CUDNN_Y, 16 * 32 * 64);
    assert_elements(&groups, FA_CUDNN_X, 5 * 7 * 128);
    assert_elements(&groups, FA_CUDNN_W, 128 * 9 * 4);
}

/* ---- choices that are kept ---- */

/* By its text alone. */
static fa_status recall(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                        const char *text, struct fa_cudnn_plan *plan)
{
    struct fa_cudnn_choice choice;

    FA_TRY(fa_cudnn_choice_parse(text, &choice));
    return fa_cudnn_plan_create(device, graph, &choice, MOST_WORKSPACE, plan);
}

static void assert_not_recalled(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                                const char *text, fa_status want, const char *why)
{
    struct fa_cudnn_plan plan;

    assert_fails_saying(recall(device, graph, text, &plan), want, why);
}

static void a_kept_choice_gives_the_same_plan_and_is_refused_elsewhere(void **state)
{
    const struct fa_cudnn_conv conv = {.desc = small.desc, .precision = FA_CUDNN_BF16, .bias = true};
    char text[FA_CUDNN_CHOICE_TEXT_MAX], again[FA_CUDNN_CHOICE_TEXT_MAX];
    struct fa_cudnn_device device;
    struct fa_cudnn_graph graph;
    struct fa_cudnn_plan plan;

    (void)state;
    assert_ok(fa_cudnn_device_open(cudnn, 0, &device));
    assert_string_equal(device.origin, "cuDNN 9.19.0, Fake GPU, sm_90, 132 multiprocessors");
    assert_ok(fa_cudnn_graph_create(cudnn, &conv, &graph));
    assert_ok(fa_cudnn_plan_first(&device, &graph, MOST_WORKSPACE, &plan));
    assert_int_equal(plan.workspace_bytes, 1000);
    fa_cudnn_choice_print(&plan.choice, text);
    fa_cudnn_plan_destroy(&plan);

    assert_ok(recall(&device, &graph, text, &plan));
    fa_cudnn_choice_print(&plan.choice, again);
    assert_string_equal(again, text);
    fa_cudnn_plan_destroy(&plan);
    assert_not_recalled(&device, &graph, "eng2", FA_EINVAL, "eng2: it is not deterministic");
    assert_not_recalled(&device, &graph, "eng3", FA_EINVAL, "eng3: it is not deterministic, not precompiled");
    assert_not_recalled(&device, &graph, "eng4", FA_EINVAL,
                        "eng4: it needs 1099511627776 bytes of workspace");
    assert_not_recalled(&device, &graph, "eng5", FA_EINVAL, "the engine does not suit the shape");
    assert_not_recalled(&device, &graph, "eng77", FA_EINVAL, "there is no such engine");
    assert_not_recalled(&device, &graph, "winograd", FA_EFORMAT, "\"winograd\" is not the name of an engine");
    fa_cudnn_graph_destroy(&graph);
    fa_cudnn_device_close(&device);
}

static void a_choice_is_read_as_it_was_written_and_no_other_way(void **state)
{
    static const char *const wrong[] = {
        "",       "eng",         "eng1 ",      "eng01",    "eng1_",
        "eng1_k", "eng1_k2",     "eng1_k2=",   "eng1k2=1", "eng99999999999999999999",
        "eng-0",  "eng1_k2=1_k", "eng1_k2=--1"};
    static const char right[] = "eng30_k2=5_k12=-1_k13=1";
    struct fa_cudnn_choice choice;
    char text[FA_CUDNN_CHOICE_TEXT_MAX];

    (void)state;
    assert_ok(fa_cudnn_choice_parse(right, &choice));
    assert_int_equal(choice.engine, 30);
    assert_int_equal(choice.n_knobs, 3);
    assert_int_equal(choice.knob[1].value, -1);
    fa_cudnn_choice_print(&choice, text);
    assert_string_equal(text, right);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_fails(fa_cudnn_choice_parse(wrong[i], &choice), FA_EFORMAT);
}

static void what_the_heuristics_offer_is_deterministic_and_precompiled(void **state)
{
    const struct fa_cudnn_conv conv = {.desc = small.desc, .precision = FA_CUDNN_BF16, .bias = true};
    struct fa_cudnn_choice choice[FA_CUDNN_MOST_CHOICES];
    struct fa_cudnn_device device;
    struct fa_cudnn_graph graph;
    struct fa_cudnn_plan plan;
    int n;

    (void)state;
    assert_ok(fa_cudnn_device_open(cudnn, 0, &device));
    assert_ok(fa_cudnn_graph_create(cudnn, &conv, &graph));
    assert_ok(fa_cudnn_choices(&device, &graph, FA_CUDNN_FASTEST, FA_CUDNN_MOST_CHOICES, choice, &n));
    assert_int_equal(n, 3);
    assert_int_equal(choice[0].engine, 4);
    assert_int_equal(choice[1].engine, 5);
    assert_int_equal(choice[2].engine, 1);
    assert_ok(fa_cudnn_choices(&device, &graph, FA_CUDNN_FASTEST, 2, choice, &n));
    assert_int_equal(n, 2);
    assert_ok(fa_cudnn_choices(&device, &graph, FA_CUDNN_ANY, FA_CUDNN_MOST_CHOICES, choice, &n));
    assert_int_equal(n, 1);
    assert_int_equal(choice[0].engine, 0);
    /* Without workspace there is only this one. */
    assert_ok(fa_cudnn_plan_first(&device, &graph, 0, &plan));
    assert_int_equal(plan.choice.engine, 0);
    fa_cudnn_plan_destroy(&plan);
    fa_cudnn_graph_destroy(&graph);
    fa_cudnn_device_close(&device);
}

static void a_described_device_must_be_whole(void **state)
{
    static const char json[] = "{\"deviceName\": \"X\", \"deviceVer\": 800, \"multiProcessorCount\": 108}";
    static const char less[] = "{\"deviceName\": \"X\"}";
    struct fa_cudnn_device device;

    (void)state;
    assert_ok(fa_cudnn_device_describe(cudnn, "x.json", json, sizeof json - 1, &device));
    assert_string_equal(device.origin, "cuDNN 9.19.0, X, sm_80, 108 multiprocessors");
    fa_cudnn_device_close(&device);
    assert_fails_saying(fa_cudnn_device_describe(cudnn, "x.json", less, sizeof less - 1, &device), FA_EFORMAT,
                        "x.json: lacks one of `deviceName`");
    assert_fails(fa_cudnn_device_describe(cudnn, "x.json", json, 20, &device), FA_EFORMAT);
}

/* ---- a captured graph ---- */

static void a_captured_convolution_replays_with_what_its_memory_holds(void **state)
{
    const struct fa_cudnn_conv conv = {.desc = small.desc, .precision = FA_CUDNN_TF32, .bias = true};
    struct op_data data = op_data_new(&small);
    struct op_result first = op_result_new(&data), second = op_result_new(&data);
    struct work work = {.data = &data, .result = &first};
    struct CUgraphExec_st *executable;
    struct fa_cudnn_handle handle;
    struct fa_cudnn_device device;
    struct fa_cudnn_graph graph;
    struct CUstream_st *stream;
    struct fa_cudnn_plan plan;
    struct fa_cudnn_call call;
    struct CUgraph_st *captured;
    struct memory memory;

    (void)state;
    assert_ok(fa_cudnn_device_open(cudnn, 0, &device));
    assert_ok(fa_cudnn_graph_create(cudnn, &conv, &graph));
    assert_ok(fa_cudnn_plan_first(&device, &graph, MOST_WORKSPACE, &plan));
    assert_ok(memory_open(&memory, &conv, plan.workspace_bytes));
    assert_int_equal(cuda->cudaStreamCreateWithFlags(&stream, FA_CUDA_StreamNonBlocking), 0);
    assert_ok(fa_cudnn_handle_create(cudnn, stream, &handle));
    assert_ok(fa_cudnn_call_create(&plan, &memory.device, &call));

    assert_int_equal(cuda->cudaStreamBeginCapture(stream, FA_CUDA_StreamCaptureModeThreadLocal), 0);
    assert_ok(fa_cudnn_call_run(&call, &handle));
    assert_ok(download(&memory, FA_CUDNN_Y, stream));
    assert_int_equal(cuda->cudaStreamEndCapture(stream, &captured), 0);
    assert_int_equal(cuda->cudaGraphInstantiateWithFlags(&executable, captured, 0), 0);
    assert_int_equal(cuda->cudaGraphDestroy(captured), 0);

    /* Twice with other data: the same as run directly. */
    for (int round = 0; round < 2; round++) {
        data.src[3] += (float)round;
        fill(&memory, &data);
        for (int t = 0; t < FA_CUDNN_N_TENSORS; t++)
            assert_ok(upload(&memory, (enum fa_cudnn_tensor)t, stream));
        assert_int_equal(cuda->cudaGraphLaunch(executable, stream), 0);
        assert_int_equal(cuda->cudaStreamSynchronize(stream), 0);
        work.result = &second;
        take_result(&memory, &work);
        work.result = &first;
        assert_ok(run_conv(&conv, &work));
        assert_memory_equal(first.dst, second.dst, data.n_dst * sizeof *first.dst);
    }

    cuda->cudaGraphExecDestroy(executable);
    fa_cudnn_call_destroy(&call);
    fa_cudnn_handle_destroy(&handle);
    cuda->cudaStreamDestroy(stream);
    memory_close(&memory);
    fa_cudnn_plan_destroy(&plan);
    fa_cudnn_graph_destroy(&graph);
    fa_cudnn_device_close(&device);
    op_result_free(&first);
    op_result_free(&second);
    op_data_free(&data);
}

/* ---- failures ---- */

/* An engine that fails while it is planned is passed over, so the result may be right by another one. */
static void each_call_that_fails_once_ends_in_a_sentence_or_another_engine(void **state)
{
    const struct fa_cudnn_conv conv = {.desc = small.desc, .precision = FA_CUDNN_TF32, .bias = true};
    struct op_data data = op_data_new(&small);
    struct op_result want = op_result_new(&data), got = op_result_new(&data);
    struct work work = {.data = &data, .result = &want};
    const long blocks = fa_memory_balance(), live = fake_live();
    long n_failed = 0, n_other = 0, before;

    (void)state;
    assert_ok(run_conv(&conv, &work));
    work.result = &got;
    for (long n = 1;; n++) {
        fa_status status;

        before = fake_calls();
        fake_fail_after(n);
        status = run_conv(&conv, &work);
        if (fake_calls() - before < n)
            break;
        assert_int_equal(fa_memory_balance(), blocks);
        assert_int_equal(fake_live(), live);
        n_failed += status != FA_OK;
        n_other += status == FA_OK;
        if (status != FA_OK)
            assert_true(strlen(fa_message()) > 20 && strstr(fa_message(), "says") != NULL);
        else
            assert_true(worst_real(got.dst, want.dst, data.n_dst) < 2e-3);
    }
    fake_fail_after(0);
    print_message("%ld calls failed to a sentence, %ld to another engine\n", n_failed, n_other);
    assert_true(n_failed > 100 && n_other > 0);
    assert_survives_shortage(run_conv(&conv, &work));
    op_result_free(&want);
    op_result_free(&got);
    op_data_free(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_direction_agrees_with_blas_in_every_precision),
        cmocka_unit_test(without_a_bias_nothing_is_added),
        cmocka_unit_test(channels_are_padded_to_multiples_of_eight),
        cmocka_unit_test(a_kept_choice_gives_the_same_plan_and_is_refused_elsewhere),
        cmocka_unit_test(a_choice_is_read_as_it_was_written_and_no_other_way),
        cmocka_unit_test(what_the_heuristics_offer_is_deterministic_and_precompiled),
        cmocka_unit_test(a_described_device_must_be_whole),
        cmocka_unit_test(a_captured_convolution_replays_with_what_its_memory_holds),
        cmocka_unit_test(each_call_that_fails_once_ends_in_a_sentence_or_another_engine),
    };

    return cmocka_run_group_tests(tests, open_libraries, close_libraries);
}
