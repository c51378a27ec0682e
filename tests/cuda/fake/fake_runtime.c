/*
 * fake_runtime.c - the CUDA runtime's functions of src/cuda/runtime.h over threads and host memory; see
 * fake.h.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cuda/runtime.h"
#include "fake.h"

#define FA_CUDA_DECLARE(result, name, arguments) result name arguments;
FA_CUDA_FUNCTIONS(FA_CUDA_DECLARE)

enum {
    INVALID_VALUE = 1,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_HANDLE = 400,
    ILLEGAL_ADDRESS = 700,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_UNJOINED = 904,
    UNKNOWN = 999
};

static long environment(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* ---- calls that fail, things that live ---- */

static atomic_long n_calls, n_live, countdown;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_order(void)
{
    atomic_store(&countdown, environment("FAKE_FAIL", 0));
}

void fake_fail_after(long n)
{
    pthread_once(&once, read_order);
    atomic_store(&countdown, n);
}

bool fake_call_fails(void)
{
    long left;

    pthread_once(&once, read_order);
    atomic_fetch_add(&n_calls, 1);
    left = atomic_load(&countdown);
    while (left > 0)
        if (atomic_compare_exchange_weak(&countdown, &left, left - 1))
            return left == 1;
    return false;
}

long fake_calls(void)
{
    return atomic_load(&n_calls);
}

void fake_count_live(long change)
{
    atomic_fetch_add(&n_live, change);
}

long fake_live(void)
{
    return atomic_load(&n_live);
}

static void *make(size_t n_bytes)
{
    void *memory = calloc(1, n_bytes);

    if (memory == NULL)
        abort();
    fake_count_live(1);
    return memory;
}

static void destroy(void *thing)
{
    fake_count_live(-1);
    free(thing);
}

/* Captures of this thread; in one nothing may be allocated. */
static _Thread_local int n_captures;

/* ---- memory ---- */

struct block {
    struct block *next;
    char *start;
    size_t n_bytes;
    bool device;
};

static struct block *blocks;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

enum kind { NO_BLOCK, HOST_BLOCK, DEVICE_BLOCK, CROSSES_A_BLOCK };

static enum kind kind_of(const void *memory, size_t n_bytes)
{
    const char *start = memory;
    enum kind kind = NO_BLOCK;

    pthread_mutex_lock(&blocks_lock);
    for (struct block *b = blocks; b != NULL && kind == NO_BLOCK; b = b->next)
        if (start >= b->start && start < b->start + b->n_bytes)
            kind = n_bytes > b->n_bytes - (size_t)(start - b->start) ? CROSSES_A_BLOCK
                   : b->device                                       ? DEVICE_BLOCK
                                                                     : HOST_BLOCK;
    pthread_mutex_unlock(&blocks_lock);
    return kind;
}

bool fake_is_device(const void *memory, size_t n_bytes)
{
    return kind_of(memory, n_bytes) == DEVICE_BLOCK;
}

static int take(void **memory, size_t n_bytes, bool device)
{
    struct block *block;
    void *start;

    if (n_captures > 0)
        return CAPTURE_UNSUPPORTED;
    if (fake_call_fails() || posix_memalign(&start, 256, n_bytes > 0 ? n_bytes : 1) != 0)
        return FA_CUDA_ErrorMemoryAllocation;
    memset(start, 0xff, n_bytes);
    block = make(sizeof *block);
    *block = (struct block){.start = start, .n_bytes = n_bytes > 0 ? n_bytes : 1, .device = device};
    pthread_mutex_lock(&blocks_lock);
    block->next = blocks;
    blocks = block;
    pthread_mutex_unlock(&blocks_lock);
    *memory = start;
    return FA_CUDA_Success;
}

static int give_back(void *memory, bool device)
{
    struct block *found = NULL;

    if (memory == NULL)
        return FA_CUDA_Success;
    pthread_mutex_lock(&blocks_lock);
    for (struct block **at = &blocks; *at != NULL; at = &(*at)->next)
        if ((*at)->start == memory && (*at)->device == device) {
            found = *at;
            *at = found->next;
            break;
        }
    pthread_mutex_unlock(&blocks_lock);
    if (found == NULL)
        return INVALID_VALUE;
    free(found->start);
    destroy(found);
    return FA_CUDA_Success;
}

/* ---- streams ---- */

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

static struct CUstream_st *streams;
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

static void append(struct list *list, struct job *job)
{
    if (list->first == NULL)
        list->end = &list->first;
    *list->end = job;
    list->end = &job->next;
}

static struct job *take_job(struct CUstream_st *stream)
{
    struct job *job;

    pthread_mutex_lock(&stream->lock);
    stream->busy = false;
    pthread_cond_broadcast(&stream->changed);
    while (stream->queue.first == NULL && !stream->ends)
        pthread_cond_wait(&stream->changed, &stream->lock);
    job = stream->queue.first;
    if (job != NULL)
        stream->queue.first = job->next;
    stream->busy = job != NULL;
    pthread_mutex_unlock(&stream->lock);
    return job;
}

static void *work(void *argument)
{
    struct job *job;

    while ((job = take_job(argument)) != NULL) {
        job->run(job->argument);
        free(job);
    }
    return NULL;
}

static struct job *new_job(void (*run)(void *), const void *argument, size_t n_bytes)
{
    struct job *job = calloc(1, sizeof *job + n_bytes);

    if (job == NULL)
        abort();
    job->run = run;
    job->n_bytes = n_bytes;
    memcpy(job->argument, argument, n_bytes);
    return job;
}

static void push(struct CUstream_st *stream, struct job *job)
{
    pthread_mutex_lock(&stream->lock);
    append(stream->capture != NULL ? &stream->capture->jobs : &stream->queue, job);
    stream->captured += stream->capture != NULL;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

int fake_enqueue(struct CUstream_st *stream, void (*run)(void *), const void *argument, size_t n_bytes)
{
    if (stream == NULL)
        return INVALID_HANDLE; /* nobody here means the default stream */
    push(stream, new_job(run, argument, n_bytes));
    return FA_CUDA_Success;
}

static void wait_idle(struct CUstream_st *stream)
{
    pthread_mutex_lock(&stream->lock);
    while (stream->queue.first != NULL || stream->busy)
        pthread_cond_wait(&stream->changed, &stream->lock);
    pthread_mutex_unlock(&stream->lock);
}

/* As cudaFree does. */
static void wait_all(void)
{
    pthread_mutex_lock(&streams_lock);
    for (struct CUstream_st *s = streams; s != NULL; s = s->next)
        wait_idle(s);
    pthread_mutex_unlock(&streams_lock);
}

/* ---- events ---- */

struct CUevent_st {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned long asked, reached; /* records */
    struct timespec when;
    struct CUgraph_st *capture;   /* of the stream that recorded it last, */
    struct CUstream_st *recorder; /* that stream, */
    long captured;                /* and what it had captured then */
};

struct mark {
    struct CUevent_st *event;
    unsigned long ticket;
};

static void run_record(void *argument)
{
    struct mark *mark = argument;

    pthread_mutex_lock(&mark->event->lock);
    clock_gettime(CLOCK_MONOTONIC, &mark->event->when);
    if (mark->event->reached < mark->ticket)
        mark->event->reached = mark->ticket;
    pthread_cond_broadcast(&mark->event->changed);
    pthread_mutex_unlock(&mark->event->lock);
}

static void run_wait(void *argument)
{
    struct mark *mark = argument;

    pthread_mutex_lock(&mark->event->lock);
    while (mark->event->reached < mark->ticket)
        pthread_cond_wait(&mark->event->changed, &mark->event->lock);
    pthread_mutex_unlock(&mark->event->lock);
}

/* ---- the runtime ---- */

int cudaRuntimeGetVersion(int *version)
{
    *version = (int)environment("FAKE_CUDA_VERSION", 13000);
    return fake_call_fails() ? UNKNOWN : FA_CUDA_Success;
}

int cudaDriverGetVersion(int *version)
{
    *version = (int)environment("FAKE_DRIVER_VERSION", 13000);
    return fake_call_fails() ? UNKNOWN : FA_CUDA_Success;
}

const char *cudaGetErrorString(int error)
{
    static _Thread_local char text[64];

    snprintf(text, sizeof text, error == FA_CUDA_ErrorMemoryAllocation ? "out of memory" : "fake error %d",
             error);
    return text;
}

int cudaGetLastError(void)
{
    return FA_CUDA_Success;
}

int cudaGetDeviceCount(int *n)
{
    *n = (int)environment("FAKE_DEVICES", 1);
    return fake_call_fails() || *n == 0 ? NO_DEVICE : FA_CUDA_Success;
}

int cudaSetDevice(int device)
{
    if (device < 0 || device >= environment("FAKE_DEVICES", 1))
        return INVALID_DEVICE;
    return fake_call_fails() ? NO_DEVICE : FA_CUDA_Success;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device)
{
    (void)device;
    *value = attribute == FA_CUDA_DevAttrComputeCapabilityMajor   ? 9
             : attribute == FA_CUDA_DevAttrComputeCapabilityMinor ? 0
                                                                  : 132;
    return fake_call_fails() ? INVALID_VALUE : FA_CUDA_Success;
}

int cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *total = (size_t)1 << 30;
    *free_bytes = *total;
    pthread_mutex_lock(&blocks_lock);
    for (struct block *b = blocks; b != NULL; b = b->next)
        *free_bytes -= b->device && b->n_bytes < *free_bytes ? b->n_bytes : 0;
    pthread_mutex_unlock(&blocks_lock);
    return fake_call_fails() ? UNKNOWN : FA_CUDA_Success;
}

int cudaMalloc(void **memory, size_t n_bytes)
{
    return take(memory, n_bytes, true);
}

int cudaFree(void *memory)
{
    wait_all();
    return give_back(memory, true);
}

int cudaHostAlloc(void **memory, size_t n_bytes, unsigned flags)
{
    (void)flags;
    return take(memory, n_bytes, false);
}

int cudaFreeHost(void *memory)
{
    wait_all();
    return give_back(memory, false);
}

struct copy {
    void *to;
    const void *from;
    size_t n_bytes;
};

static void run_copy(void *argument)
{
    const struct copy *copy = argument;

    memcpy(copy->to, copy->from, copy->n_bytes);
}

/* An address of the kind that the copy says: the device's, or anything else. */
static bool fits(const void *memory, size_t n_bytes, bool device)
{
    const enum kind kind = kind_of(memory, n_bytes);

    return device ? kind == DEVICE_BLOCK : kind == HOST_BLOCK || kind == NO_BLOCK;
}

int cudaMemcpyAsync(void *to, const void *from, size_t n_bytes, int kind, struct CUstream_st *stream)
{
    const struct copy copy = {to, from, n_bytes};

    if (fake_call_fails() || !fits(to, n_bytes, kind != FA_CUDA_MemcpyDeviceToHost) ||
        !fits(from, n_bytes, kind != FA_CUDA_MemcpyHostToDevice))
        return INVALID_VALUE;
    return fake_enqueue(stream, run_copy, &copy, sizeof copy);
}

struct fill {
    void *to;
    int byte;
    size_t n_bytes;
};

static void run_fill(void *argument)
{
    const struct fill *fill = argument;

    memset(fill->to, fill->byte, fill->n_bytes);
}

int cudaMemsetAsync(void *memory, int byte, size_t n_bytes, struct CUstream_st *stream)
{
    const struct fill fill = {memory, byte, n_bytes};

    if (fake_call_fails() || !fits(memory, n_bytes, true))
        return INVALID_VALUE;
    return fake_enqueue(stream, run_fill, &fill, sizeof fill);
}

int cudaStreamCreateWithFlags(struct CUstream_st **stream, unsigned flags)
{
    struct CUstream_st *made;

    (void)flags;
    if (fake_call_fails())
        return UNKNOWN;
    made = make(sizeof *made);
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    if (pthread_create(&made->thread, NULL, work, made) != 0)
        abort();
    pthread_mutex_lock(&streams_lock);
    made->next = streams;
    streams = made;
    pthread_mutex_unlock(&streams_lock);
    *stream = made;
    return FA_CUDA_Success;
}

/* Work that was asked for is done before. */
int cudaStreamDestroy(struct CUstream_st *stream)
{
    pthread_mutex_lock(&streams_lock);
    for (struct CUstream_st **at = &streams; *at != NULL; at = &(*at)->next)
        if (*at == stream) {
            *at = stream->next;
            break;
        }
    pthread_mutex_unlock(&streams_lock);
    pthread_mutex_lock(&stream->lock);
    stream->ends = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    pthread_join(stream->thread, NULL);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->lock);
    destroy(stream);
    return FA_CUDA_Success;
}

int cudaStreamQuery(struct CUstream_st *stream)
{
    bool idle;

    if (fake_call_fails())
        return ILLEGAL_ADDRESS;
    if (stream->capture != NULL)
        return CAPTURE_UNSUPPORTED;
    pthread_mutex_lock(&stream->lock);
    idle = stream->queue.first == NULL && !stream->busy;
    pthread_mutex_unlock(&stream->lock);
    return idle ? FA_CUDA_Success : FA_CUDA_ErrorNotReady;
}

int cudaStreamSynchronize(struct CUstream_st *stream)
{
    if (stream->capture != NULL)
        return CAPTURE_UNSUPPORTED;
    wait_idle(stream);
    return fake_call_fails() ? ILLEGAL_ADDRESS : FA_CUDA_Success;
}

int cudaEventCreateWithFlags(struct CUevent_st **event, unsigned flags)
{
    (void)flags;
    if (fake_call_fails())
        return UNKNOWN;
    *event = make(sizeof **event);
    pthread_mutex_init(&(*event)->lock, NULL);
    pthread_cond_init(&(*event)->changed, NULL);
    return FA_CUDA_Success;
}

int cudaEventDestroy(struct CUevent_st *event)
{
    wait_all();
    pthread_cond_destroy(&event->changed);
    pthread_mutex_destroy(&event->lock);
    destroy(event);
    return FA_CUDA_Success;
}

/* In a capture an event only says which graph whoever waits for it joins. */
int cudaEventRecord(struct CUevent_st *event, struct CUstream_st *stream)
{
    struct mark mark = {.event = event};

    if (fake_call_fails())
        return UNKNOWN;
    pthread_mutex_lock(&event->lock);
    event->capture = stream->capture;
    event->recorder = stream;
    event->captured = stream->captured;
    mark.ticket = event->capture == NULL ? ++event->asked : 0;
    pthread_mutex_unlock(&event->lock);
    return event->capture != NULL ? FA_CUDA_Success : fake_enqueue(stream, run_record, &mark, sizeof mark);
}

int cudaStreamWaitEvent(struct CUstream_st *stream, struct CUevent_st *event, unsigned flags)
{
    struct mark mark = {.event = event};
    struct CUgraph_st *capture;

    (void)flags;
    if (fake_call_fails())
        return UNKNOWN;
    pthread_mutex_lock(&event->lock);
    mark.ticket = event->asked;
    capture = event->capture;
    pthread_mutex_unlock(&event->lock);
    if (capture == NULL)
        return stream->capture != NULL ? CAPTURE_UNSUPPORTED
                                       : fake_enqueue(stream, run_wait, &mark, sizeof mark);
    pthread_mutex_lock(&stream->lock);
    if (stream == capture->origin)
        event->recorder->joined = event->captured;
    else
        stream->capture = capture;
    pthread_mutex_unlock(&stream->lock);
    return FA_CUDA_Success;
}

int cudaEventQuery(struct CUevent_st *event)
{
    bool reached;

    if (fake_call_fails())
        return ILLEGAL_ADDRESS;
    pthread_mutex_lock(&event->lock);
    reached = event->reached >= event->asked;
    pthread_mutex_unlock(&event->lock);
    return event->capture != NULL ? CAPTURE_UNSUPPORTED : reached ? FA_CUDA_Success : FA_CUDA_ErrorNotReady;
}

int cudaEventSynchronize(struct CUevent_st *event)
{
    struct mark mark = {event, event->asked};

    if (event->capture != NULL)
        return CAPTURE_UNSUPPORTED;
    run_wait(&mark);
    return fake_call_fails() ? ILLEGAL_ADDRESS : FA_CUDA_Success;
}

int cudaEventElapsedTime(float *milliseconds, struct CUevent_st *from, struct CUevent_st *to)
{
    if (fake_call_fails())
        return INVALID_VALUE;
    *milliseconds = 1e3f * (float)(to->when.tv_sec - from->when.tv_sec) +
                    1e-6f * (float)(to->when.tv_nsec - from->when.tv_nsec);
    return FA_CUDA_Success;
}

/* ---- graphs ---- */

struct CUgraphExec_st {
    struct list jobs;
};

int cudaStreamBeginCapture(struct CUstream_st *stream, int mode)
{
    struct CUgraph_st *graph;

    (void)mode;
    if (fake_call_fails() || stream->capture != NULL)
        return CAPTURE_UNSUPPORTED;
    graph = make(sizeof *graph);
    graph->origin = stream;
    pthread_mutex_lock(&stream->lock);
    stream->capture = graph;
    pthread_mutex_unlock(&stream->lock);
    n_captures++;
    return FA_CUDA_Success;
}

static bool leave(struct CUstream_st *stream, struct CUgraph_st *graph)
{
    bool joined = true;

    pthread_mutex_lock(&stream->lock);
    if (stream->capture == graph) {
        joined = stream == graph->origin || stream->joined == stream->captured;
        stream->capture = NULL;
        stream->captured = stream->joined = 0;
    }
    pthread_mutex_unlock(&stream->lock);
    return joined;
}

int cudaStreamEndCapture(struct CUstream_st *stream, struct CUgraph_st **graph)
{
    struct CUgraph_st *made = stream->capture;
    bool joined = true;

    *graph = NULL;
    if (made == NULL || made->origin != stream)
        return CAPTURE_UNSUPPORTED;
    n_captures--;
    pthread_mutex_lock(&streams_lock);
    for (struct CUstream_st *s = streams; s != NULL; s = s->next)
        joined = leave(s, made) && joined;
    pthread_mutex_unlock(&streams_lock);
    if (joined && !fake_call_fails()) {
        *graph = made;
        return FA_CUDA_Success;
    }
    (void)cudaGraphDestroy(made);
    return joined ? UNKNOWN : CAPTURE_UNJOINED;
}

static void free_jobs(struct list *list)
{
    while (list->first != NULL) {
        struct job *job = list->first;

        list->first = job->next;
        free(job);
    }
}

int cudaGraphDestroy(struct CUgraph_st *graph)
{
    free_jobs(&graph->jobs);
    destroy(graph);
    return FA_CUDA_Success;
}

int cudaGraphInstantiateWithFlags(struct CUgraphExec_st **executable, struct CUgraph_st *graph,
                                  unsigned long long flags)
{
    (void)flags;
    if (fake_call_fails())
        return FA_CUDA_ErrorMemoryAllocation;
    *executable = make(sizeof **executable);
    for (struct job *job = graph->jobs.first; job != NULL; job = job->next)
        append(&(*executable)->jobs, new_job(job->run, job->argument, job->n_bytes));
    return FA_CUDA_Success;
}

static void run_graph(void *argument)
{
    struct CUgraphExec_st *const *executable = argument;

    for (struct job *job = (*executable)->jobs.first; job != NULL; job = job->next)
        job->run(job->argument);
}

int cudaGraphLaunch(struct CUgraphExec_st *executable, struct CUstream_st *stream)
{
    return fake_call_fails() ? UNKNOWN : fake_enqueue(stream, run_graph, &executable, sizeof executable);
}

int cudaGraphExecDestroy(struct CUgraphExec_st *executable)
{
    wait_all();
    free_jobs(&executable->jobs);
    destroy(executable);
    return FA_CUDA_Success;
}
