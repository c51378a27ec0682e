/*
 * fake_cudnn.c - the functions of src/cuda/cudnn/abi.h, for graphs of a convolution and what follows it; see
 * fake.h.
 *
 * A descriptor keeps what was set, byte for byte; what it means is looked up where it is used. One that
 * another one still refers to may not be destroyed. The engines are a table that has one of each kind that a
 * program must tell apart.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cudnn/abi.h"
#include "fake.h"
#include "fake_conv.h"

#define FA_CUDNN_DECLARE(result, name, arguments) result name arguments;
FA_CUDNN_FUNCTIONS(FA_CUDNN_DECLARE)

enum { MOST_ATTRIBUTES = 12, MOST_OPERATIONS = 4 };

static _Thread_local char last_error[128];

static int refuse(int status, const char *why)
{
    snprintf(last_error, sizeof last_error, "%s", why);
    return status;
}

static int fail_if_ordered(int status)
{
    return fake_call_fails() ? refuse(status, "ordered to fail") : FA_CUDNN_STATUS_SUCCESS;
}

#define TRY(call)                                                                                            \
    do {                                                                                                     \
        const int try_status = (call);                                                                       \
        if (try_status != FA_CUDNN_STATUS_SUCCESS)                                                           \
            return try_status;                                                                               \
    } while (0)

/* ---- descriptors ---- */

struct attribute {
    int name, type;
    int64_t n;
    void *values;
};

struct descriptor {
    int type;
    bool finalized;
    int n_users, n_attributes;
    struct attribute attribute[MOST_ATTRIBUTES];
};

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t value_bytes(int type)
{
    switch (type) {
    case FA_CUDNN_TYPE_BOOLEAN:
    case FA_CUDNN_TYPE_CHAR:
        return 1;
    case FA_CUDNN_TYPE_INT64:
    case FA_CUDNN_TYPE_VOID_PTR:
    case FA_CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return 8;
    default:
        return 4;
    }
}

static void count_users(const struct attribute *attribute, int change)
{
    struct descriptor *const *value = attribute->values;

    pthread_mutex_lock(&users_lock);
    for (int64_t i = 0; attribute->type == FA_CUDNN_TYPE_BACKEND_DESCRIPTOR && i < attribute->n; i++)
        value[i]->n_users += change;
    pthread_mutex_unlock(&users_lock);
}

static const struct attribute *find(const struct descriptor *descriptor, int name)
{
    for (int i = 0; i < descriptor->n_attributes; i++)
        if (descriptor->attribute[i].name == name)
            return &descriptor->attribute[i];
    return NULL;
}

/* The attribute's values; what it lacks ends the test. */
static const void *values(const struct descriptor *descriptor, int name)
{
    const struct attribute *attribute = find(descriptor, name);

    if (attribute == NULL) {
        fprintf(stderr, "fake cuDNN: a descriptor of type %d lacks attribute %d\n", descriptor->type, name);
        abort();
    }
    return attribute->values;
}

static int64_t int64_of(const struct descriptor *descriptor, int name)
{
    return *(const int64_t *)values(descriptor, name);
}

static int int_of(const struct descriptor *descriptor, int name)
{
    return *(const int *)values(descriptor, name);
}

static const struct descriptor *descriptor_of(const struct descriptor *descriptor, int name)
{
    return *(struct descriptor *const *)values(descriptor, name);
}

static void keep(struct descriptor *descriptor, int name, int type, int64_t n, const void *from)
{
    struct attribute *attribute = &descriptor->attribute[descriptor->n_attributes++];

    if (descriptor->n_attributes > MOST_ATTRIBUTES)
        abort();
    *attribute = (struct attribute){name, type, n, malloc((size_t)n * value_bytes(type) + 1)};
    memcpy(attribute->values, from, (size_t)n * value_bytes(type));
    count_users(attribute, 1);
}

int cudnnBackendCreateDescriptor(int type, fa_cudnn_descriptor *descriptor)
{
    struct descriptor *made;

    if (getenv("FAKE_CUDNN_MIXED") != NULL)
        return refuse(FA_CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH, "");
    TRY(fail_if_ordered(FA_CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED));
    made = calloc(1, sizeof *made);
    if (made == NULL)
        abort();
    made->type = type;
    fake_count_live(1);
    *descriptor = made;
    return FA_CUDNN_STATUS_SUCCESS;
}

int cudnnBackendDestroyDescriptor(fa_cudnn_descriptor descriptor)
{
    struct descriptor *ended = descriptor;

    if (ended->n_users > 0) {
        fprintf(stderr, "fake cuDNN: a descriptor of type %d ends before its user\n", ended->type);
        abort();
    }
    for (int i = 0; i < ended->n_attributes; i++) {
        count_users(&ended->attribute[i], -1);
        free(ended->attribute[i].values);
    }
    free(ended);
    fake_count_live(-1);
    return FA_CUDNN_STATUS_SUCCESS;
}

int cudnnBackendSetAttribute(fa_cudnn_descriptor descriptor, int name, int type, int64_t n, const void *array)
{
    struct descriptor *changed = descriptor;

    TRY(fail_if_ordered(FA_CUDNN_STATUS_BAD_PARAM));
    if (changed->finalized || find(changed, name) != NULL)
        return refuse(FA_CUDNN_STATUS_BAD_PARAM, "set after it was finalised, or twice");
    for (int64_t i = 0; type == FA_CUDNN_TYPE_BACKEND_DESCRIPTOR && i < n; i++)
        if (!((struct descriptor *const *)array)[i]->finalized)
            return refuse(FA_CUDNN_STATUS_BAD_PARAM, "a value is not finalised");
    keep(changed, name, type, n, array);
    return FA_CUDNN_STATUS_SUCCESS;
}

/* ---- graphs ---- */

static void read_tensor(const struct descriptor *from, struct fake_tensor *tensor)
{
    tensor->uid = int64_of(from, FA_CUDNN_ATTR_TENSOR_UNIQUE_ID);
    tensor->type = int_of(from, FA_CUDNN_ATTR_TENSOR_DATA_TYPE);
    tensor->is_virtual = *(const bool *)values(from, FA_CUDNN_ATTR_TENSOR_IS_VIRTUAL);
    memcpy(tensor->size, values(from, FA_CUDNN_ATTR_TENSOR_DIMENSIONS), sizeof tensor->size);
    memcpy(tensor->stride, values(from, FA_CUDNN_ATTR_TENSOR_STRIDES), sizeof tensor->stride);
}

static const struct {
    int type, conv, w, x, y;
} directions[] = {
    [FAKE_FORWARD] = {FA_CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                      FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                      FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                      FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                      FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y},
    [FAKE_BACKWARD_DATA] = {FA_CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                            FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                            FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                            FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                            FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY},
    [FAKE_BACKWARD_WEIGHTS] = {FA_CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY},
};

static bool is_direction(const struct descriptor *operation, int d)
{
    return operation->type == directions[d].type;
}

/* Do the sizes belong together? */
static bool sizes_fit(const struct fake_conv *conv)
{
    const int64_t *x = conv->x.size, *w = conv->w.size, *y = conv->y.size;

    for (int d = 2; d < 4; d++)
        if (y[d] != (x[d] + 2 * conv->pad - w[d]) / conv->stride + 1)
            return false;
    return x[1] % w[1] == 0 && y[1] == w[0] && y[1] % (x[1] / w[1]) == 0;
}

static int read_convolution(const struct descriptor *operation, struct fake_conv *conv)
{
    const struct descriptor *how;
    int d = FAKE_FORWARD;

    while (d <= FAKE_BACKWARD_WEIGHTS && !is_direction(operation, d))
        d++;
    if (d > FAKE_BACKWARD_WEIGHTS)
        return refuse(FA_CUDNN_STATUS_NOT_SUPPORTED, "the first operation is not a convolution");
    conv->direction = (enum fake_direction)d;
    how = descriptor_of(operation, directions[d].conv);
    conv->pad = int64_of(how, FA_CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
    conv->stride = int64_of(how, FA_CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    read_tensor(descriptor_of(operation, directions[d].w), &conv->w);
    read_tensor(descriptor_of(operation, directions[d].x), &conv->x);
    read_tensor(descriptor_of(operation, directions[d].y), &conv->y);
    conv->groups = conv->x.size[1] / conv->w.size[1];
    return sizes_fit(conv) ? FA_CUDNN_STATUS_SUCCESS
                           : refuse(FA_CUDNN_STATUS_BAD_PARAM, "sizes do not belong together");
}

/* Reads one step of what has precompiled engines: + z, + b, ReLU. */
static int read_pointwise(const struct descriptor *operation, struct fake_conv *conv)
{
    const struct descriptor *how = descriptor_of(operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    const struct descriptor *x = descriptor_of(operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
    struct fake_tensor with;

    if (int64_of(x, FA_CUDNN_ATTR_TENSOR_UNIQUE_ID) != conv->y.uid || !conv->y.is_virtual)
        return refuse(FA_CUDNN_STATUS_NOT_SUPPORTED, "it does not follow the operation before");
    read_tensor(descriptor_of(operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_YDESC), &conv->y);
    if (int_of(how, FA_CUDNN_ATTR_POINTWISE_MODE) == FA_CUDNN_POINTWISE_RELU_FWD) {
        conv->relu = true;
        return FA_CUDNN_STATUS_SUCCESS;
    }
    read_tensor(descriptor_of(operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_BDESC), &with);
    if (with.type != conv->x.type || conv->relu || conv->b.size[0] != 0)
        return refuse(FA_CUDNN_STATUS_NOT_SUPPORTED, "no engine adds that there");
    *(with.size[2] == 1 && with.size[3] == 1 && with.uid == 'b' ? &conv->b : &conv->z) = with;
    return FA_CUDNN_STATUS_SUCCESS;
}

/* b and z have size 0 where they are absent. */
static int read_graph(const struct descriptor *graph, struct fake_conv *conv)
{
    const struct attribute *operations = find(graph, FA_CUDNN_ATTR_OPERATIONGRAPH_OPS);
    struct descriptor *const *operation = operations->values;

    memset(conv, 0, sizeof *conv);
    TRY(read_convolution(operation[0], conv));
    for (int64_t i = 1; i < operations->n; i++)
        TRY(read_pointwise(operation[i], conv));
    if (conv->y.is_virtual)
        return refuse(FA_CUDNN_STATUS_BAD_PARAM, "the graph's result has no memory");
    return FA_CUDNN_STATUS_SUCCESS;
}

/* ---- engines ---- */

#define NOTE(name) (1u << FA_CUDNN_##name)

enum { PLAIN, TENSOR_CORES, ATOMICS, COMPILED, GREEDY, WEAK, N_ENGINES };

static const struct engine {
    unsigned numerical, behavior;
    int64_t workspace_bytes;
    bool refuses; /* its plans are refused */
} engines[] = {
    [PLAIN] = {0},
    [TENSOR_CORES] = {NOTE(NUMERICAL_NOTE_TENSOR_CORE), .workspace_bytes = 1000},
    [ATOMICS] = {NOTE(NUMERICAL_NOTE_TENSOR_CORE) | NOTE(NUMERICAL_NOTE_NONDETERMINISTIC)},
    [COMPILED] = {NOTE(NUMERICAL_NOTE_TENSOR_CORE), NOTE(BEHAVIOR_NOTE_RUNTIME_COMPILATION)},
    [GREEDY] = {NOTE(NUMERICAL_NOTE_TENSOR_CORE), .workspace_bytes = (int64_t)1 << 40},
    [WEAK] = {NOTE(NUMERICAL_NOTE_TENSOR_CORE), .refuses = true},
};

/* What the heuristics say, by mode: the best engines first. */
static const struct {
    int mode, n, engine[5];
} advice[] = {{FA_CUDNN_HEUR_MODE_A, 5, {ATOMICS, COMPILED, GREEDY, WEAK, TENSOR_CORES}},
              {FA_CUDNN_HEUR_MODE_FALLBACK, 2, {ATOMICS, PLAIN}}};

static void fill_engine(struct descriptor *engine, const struct descriptor *graph, int64_t index)
{
    keep(engine, FA_CUDNN_ATTR_ENGINE_OPERATION_GRAPH, FA_CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &graph);
    keep(engine, FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX, FA_CUDNN_TYPE_INT64, 1, &index);
    engine->finalized = true;
}

/* A configuration names its engine by number: the engine is made when it is asked for. */
static int get_results(const struct descriptor *heuristics, int64_t most, int64_t *n,
                       struct descriptor **config)
{
    const struct descriptor *graph = descriptor_of(heuristics, FA_CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    const int a = int_of(heuristics, FA_CUDNN_ATTR_ENGINEHEUR_MODE) != advice[0].mode;

    for (*n = 0; *n < most && *n < advice[a].n; ++*n) {
        const int64_t index = advice[a].engine[*n];

        keep(config[*n], FA_CUDNN_ATTR_ENGINE_OPERATION_GRAPH, FA_CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &graph);
        keep(config[*n], FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX, FA_CUDNN_TYPE_INT64, 1, &index);
        config[*n]->finalized = true;
    }
    return FA_CUDNN_STATUS_SUCCESS;
}

static int get_notes(unsigned notes, int64_t most, int64_t *n, int *note)
{
    *n = 0;
    for (int i = 0; i < FA_CUDNN_NUMERICAL_NOTE_TYPE_COUNT && *n < most; i++)
        if ((notes >> i & 1) != 0)
            note[(*n)++] = i;
    return FA_CUDNN_STATUS_SUCCESS;
}

/* The tensor cores' engine has one knob. */
static int get_knobs(const struct descriptor *config, int64_t *n, struct descriptor **knob)
{
    const int type = 2;
    const int64_t value = -1;

    *n = int64_of(config, FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX) == TENSOR_CORES;
    if (*n == 0)
        return FA_CUDNN_STATUS_SUCCESS;
    keep(knob[0], FA_CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, FA_CUDNN_TYPE_KNOB_TYPE, 1, &type);
    keep(knob[0], FA_CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, FA_CUDNN_TYPE_INT64, 1, &value);
    knob[0]->finalized = true;
    return FA_CUDNN_STATUS_SUCCESS;
}

static const struct engine *engine_of(const struct descriptor *engine)
{
    return &engines[int64_of(engine, FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX)];
}

/* Its length. */
static int64_t print_device(char *json, size_t size)
{
    const char *name = getenv("FAKE_NAME");

    return snprintf(json, size, "{\"deviceName\":\"%s\",\"deviceVer\":900,\"multiProcessorCount\":132}",
                    name != NULL ? name : "Fake GPU");
}

int cudnnBackendGetAttribute(fa_cudnn_descriptor descriptor, int name, int type, int64_t most, int64_t *n,
                             void *array)
{
    const struct descriptor *asked = descriptor;
    const struct attribute *attribute = find(asked, name);

    TRY(fail_if_ordered(FA_CUDNN_STATUS_BAD_PARAM));
    if (!asked->finalized)
        return refuse(FA_CUDNN_STATUS_BAD_PARAM, "it is not finalised");
    switch (name) {
    case FA_CUDNN_ATTR_ENGINEHEUR_RESULTS:
        return get_results(asked, most, n, array);
    case FA_CUDNN_ATTR_ENGINECFG_ENGINE:
        fill_engine(*(struct descriptor **)array, descriptor_of(asked, FA_CUDNN_ATTR_ENGINE_OPERATION_GRAPH),
                    int64_of(asked, FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX));
        *n = 1;
        return FA_CUDNN_STATUS_SUCCESS;
    case FA_CUDNN_ATTR_ENGINECFG_KNOB_CHOICES:
        return get_knobs(asked, n, array);
    case FA_CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
        return get_notes(engine_of(asked)->numerical, most, n, array);
    case FA_CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE:
        return get_notes(engine_of(asked)->behavior, most, n, array);
    case FA_CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION:
        *n = print_device(array, (size_t)most);
        return FA_CUDNN_STATUS_SUCCESS;
    case FA_CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
        *n = 1;
        *(int64_t *)array =
            engine_of(descriptor_of(descriptor_of(asked, FA_CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG),
                                    FA_CUDNN_ATTR_ENGINECFG_ENGINE))
                ->workspace_bytes;
        return FA_CUDNN_STATUS_SUCCESS;
    }
    if (attribute == NULL || attribute->type != type || attribute->n > most)
        return refuse(FA_CUDNN_STATUS_BAD_PARAM, "it has no such attribute");
    *n = attribute->n;
    memcpy(array, attribute->values, (size_t)attribute->n * value_bytes(type));
    return FA_CUDNN_STATUS_SUCCESS;
}

/* ---- finalising ---- */

static int finalize_engine(const struct descriptor *engine)
{
    const int64_t index = int64_of(engine, FA_CUDNN_ATTR_ENGINE_GLOBAL_INDEX);

    return index >= 0 && index < N_ENGINES ? FA_CUDNN_STATUS_SUCCESS
                                           : refuse(FA_CUDNN_STATUS_BAD_PARAM, "there is no such engine");
}

static int finalize_plan(const struct descriptor *plan)
{
    const struct descriptor *config = descriptor_of(plan, FA_CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    const struct descriptor *engine = descriptor_of(config, FA_CUDNN_ATTR_ENGINECFG_ENGINE);
    struct fake_conv conv;

    if (engine_of(engine)->refuses)
        return refuse(FA_CUDNN_STATUS_NOT_SUPPORTED, "the engine does not suit the shape");
    return read_graph(descriptor_of(engine, FA_CUDNN_ATTR_ENGINE_OPERATION_GRAPH), &conv);
}

int cudnnBackendFinalize(fa_cudnn_descriptor descriptor)
{
    struct descriptor *finished = descriptor;
    struct fake_conv conv;

    TRY(fail_if_ordered(FA_CUDNN_STATUS_NOT_SUPPORTED));
    switch (finished->type) {
    case FA_CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
        TRY(read_graph(finished, &conv));
        break;
    case FA_CUDNN_BACKEND_ENGINE_DESCRIPTOR:
        TRY(finalize_engine(finished));
        break;
    case FA_CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
        TRY(finalize_plan(finished));
        break;
    }
    finished->finalized = true;
    return FA_CUDNN_STATUS_SUCCESS;
}

/* ---- execution ---- */

struct cudnnContext {
    struct CUstream_st *stream;
};

int cudnnCreate(struct cudnnContext **handle)
{
    TRY(fail_if_ordered(FA_CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED));
    *handle = calloc(1, sizeof **handle);
    fake_count_live(1);
    return FA_CUDNN_STATUS_SUCCESS;
}

int cudnnDestroy(struct cudnnContext *handle)
{
    free(handle);
    fake_count_live(-1);
    return FA_CUDNN_STATUS_SUCCESS;
}

int cudnnSetStream(struct cudnnContext *handle, struct CUstream_st *stream)
{
    TRY(fail_if_ordered(FA_CUDNN_STATUS_BAD_PARAM));
    handle->stream = stream;
    return FA_CUDNN_STATUS_SUCCESS;
}

/* Gives the tensor its memory out of the pack; one of size 0 is absent. */
static int bind(const struct descriptor *pack, struct fake_tensor *tensor)
{
    const struct attribute *uids = find(pack, FA_CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    void *const *data = values(pack, FA_CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    const size_t bytes = fake_tensor_extent(tensor) * (tensor->type == FA_CUDNN_DATA_BFLOAT16 ? 2 : 4);

    if (tensor->size[0] == 0)
        return FA_CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < uids->n; i++)
        if (((const int64_t *)uids->values)[i] == tensor->uid)
            tensor->data = data[i];
    if (tensor->data == NULL || (uintptr_t)tensor->data % 16 != 0 || !fake_is_device(tensor->data, bytes))
        return refuse(FA_CUDNN_STATUS_BAD_PARAM, "a tensor is not in device memory, whole and aligned");
    return FA_CUDNN_STATUS_SUCCESS;
}

int cudnnBackendExecute(struct cudnnContext *handle, fa_cudnn_descriptor plan, fa_cudnn_descriptor pack)
{
    const struct descriptor *config = descriptor_of(plan, FA_CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    const struct descriptor *engine = descriptor_of(config, FA_CUDNN_ATTR_ENGINECFG_ENGINE);
    struct fake_conv conv;

    TRY(fail_if_ordered(FA_CUDNN_STATUS_EXECUTION_FAILED));
    if (fake_is_lost())
        return refuse(FA_CUDNN_STATUS_EXECUTION_FAILED, "the GPU is lost");
    TRY(read_graph(descriptor_of(engine, FA_CUDNN_ATTR_ENGINE_OPERATION_GRAPH), &conv));
    for (struct fake_tensor *t = &conv.x; t <= &conv.b; t++)
        TRY(bind(pack, t));
    if (conv.y.data == conv.x.data || conv.y.data == conv.z.data)
        return refuse(FA_CUDNN_STATUS_BAD_PARAM, "the result lies over what it is made from");
    conv.tf32 = (engine_of(engine)->numerical & NOTE(NUMERICAL_NOTE_TENSOR_CORE)) != 0 &&
                conv.x.type == FA_CUDNN_DATA_FLOAT;
    conv.workspace = *(void *const *)values(pack, FA_CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    conv.workspace_bytes = (size_t)engine_of(engine)->workspace_bytes;
    if (conv.workspace_bytes > 0 && !fake_is_device(conv.workspace, conv.workspace_bytes))
        return refuse(FA_CUDNN_STATUS_BAD_PARAM, "the workspace is not in device memory, or too small");
    return fake_enqueue(handle->stream, fake_conv_run, &conv, sizeof conv) == 0
               ? FA_CUDNN_STATUS_SUCCESS
               : refuse(FA_CUDNN_STATUS_EXECUTION_FAILED, "the stream takes nothing");
}

/* ---- words ---- */

size_t cudnnGetVersion(void)
{
    const char *version = getenv("FAKE_CUDNN_VERSION");

    return version != NULL ? (size_t)strtol(version, NULL, 10) : 91900;
}

const char *cudnnGetErrorString(int status)
{
    static _Thread_local char text[64];

    snprintf(text, sizeof text, "CUDNN_STATUS %d", status);
    return text;
}

void cudnnGetLastErrorString(char *message, size_t size)
{
    snprintf(message, size, "%s", last_error);
}
