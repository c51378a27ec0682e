/*
 * stamps.c - when work begins and ends on the GPU: a pair of events around each span of the trace.
 *
 * Events in a stream that is captured tell no time; spans around them keep that of the host.
 */
#include "backend.h"

#include <time.h>

#include "fa/clock.h"
#include "fa/memory.h"
#include "fa/trace.h"

enum { FLAGS_OF_TIMING = 0 };

struct stamp {
    int span;
    struct CUevent_st *begin, *end;
};

struct fa_cuda_stamps {
    size_t n; /* since the last settling */
    struct stamp at[FA_CUDA_STAMPS];
};

static const struct fa_cuda *runtime_of(const struct fa_cuda_queue *queue)
{
    return queue->device->runtime;
}

void fa_cuda_stamps_free(struct fa_cuda_queue *queue)
{
    struct fa_cuda_stamps *stamps = queue->stamps;

    for (size_t i = 0; stamps != NULL && i < FA_CUDA_STAMPS; i++) {
        if (stamps->at[i].begin != NULL)
            (void)runtime_of(queue)->cudaEventDestroy(stamps->at[i].begin);
        if (stamps->at[i].end != NULL)
            (void)runtime_of(queue)->cudaEventDestroy(stamps->at[i].end);
    }
    fa_free(stamps);
    queue->stamps = NULL;
}

/* ---- spans ---- */

static bool record(struct fa_cuda_queue *queue, struct CUevent_st **event)
{
    const struct fa_cuda *cuda = runtime_of(queue);

    if (*event == NULL && cuda->cudaEventCreateWithFlags(event, FLAGS_OF_TIMING) != FA_CUDA_Success)
        *event = NULL;
    return *event != NULL && cuda->cudaEventRecord(*event, queue->stream) == FA_CUDA_Success;
}

/* A span that finds no room, or no event, keeps the host's time. */
static void begin(struct fa_backend *backend, int span)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    if (queue->stamps == NULL && fa_alloc_zero(1, sizeof *queue->stamps, &queue->stamps) != FA_OK)
        return;
    if (queue->stamps->n < FA_CUDA_STAMPS && record(queue, &queue->stamps->at[queue->stamps->n].begin))
        queue->stamps->at[queue->stamps->n++].span = span;
}

static void end(struct fa_backend *backend, int span)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    struct fa_cuda_stamps *stamps = queue->stamps;
    size_t i = stamps != NULL ? stamps->n : 0;

    while (i > 0 && stamps->at[i - 1].span > span)
        i--;
    if (i > 0 && stamps->at[i - 1].span == span && !record(queue, &stamps->at[i - 1].end))
        stamps->at[i - 1].span = FA_NO_SPAN;
}

/* ---- their times ---- */

/* Seconds from the event to one that is `now` on the host's clock. */
static bool time_of(const struct fa_cuda_queue *queue, struct CUevent_st *event, struct CUevent_st *last,
                    double now, double *seconds)
{
    float milliseconds;

    if (event == NULL ||
        runtime_of(queue)->cudaEventElapsedTime(&milliseconds, event, last) != FA_CUDA_Success) {
        (void)runtime_of(queue)->cudaGetLastError(); /* else the next launch would tell of it */
        return false;
    }
    *seconds = now - 1e-3 * (double)milliseconds;
    return true;
}

static void tell(const struct fa_cuda_queue *queue, struct CUevent_st *last, double now)
{
    const struct fa_cuda_stamps *stamps = queue->stamps;
    double begin_s, end_s;

    for (size_t i = 0; i < stamps->n; i++)
        if (stamps->at[i].span != FA_NO_SPAN && time_of(queue, stamps->at[i].begin, last, now, &begin_s) &&
            time_of(queue, stamps->at[i].end, last, now, &end_s))
            fa_trace_move(stamps->at[i].span, begin_s, end_s);
}

static fa_status settle(struct fa_backend *backend)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    struct CUevent_st *last = NULL;
    fa_status status;

    if (queue->stamps == NULL)
        return FA_OK;
    (void)record(queue, &last);
    status = fa_backend_synchronize(backend);
    if (status == FA_OK && last != NULL)
        tell(queue, last, fa_clock_seconds());
    if (last != NULL)
        (void)runtime_of(queue)->cudaEventDestroy(last);
    queue->stamps->n = 0;
    return status;
}

/* ---- a queue that is held ---- */

static void pause_for(void *microseconds)
{
    const long n = (long)(intptr_t)microseconds;
    const struct timespec pause = {n / 1000000, n % 1000000 * 1000};

    nanosleep(&pause, NULL);
}

static void hold(struct fa_backend *backend, double seconds)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(
        queue,
        runtime_of(queue)->cudaLaunchHostFunc(queue->stream, pause_for, (void *)(intptr_t)(1e6 * seconds)),
        "holding a stream");
}

const struct fa_trace_ops fa_cuda_trace_ops = {.begin = begin, .end = end, .settle = settle, .hold = hold};
