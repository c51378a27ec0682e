/*
 * fake_event.c - events of the fake CUDA runtime: how one stream waits for another.
 */
#include <time.h>

#include "fake_runtime.h"

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

int cudaEventCreateWithFlags(struct CUevent_st **event, unsigned flags)
{
    (void)flags;
    FAKE_TRY(fake_call(FA_CUDA_ErrorUnknown));
    *event = fake_make(sizeof **event);
    pthread_mutex_init(&(*event)->lock, NULL);
    pthread_cond_init(&(*event)->changed, NULL);
    return FA_CUDA_Success;
}

int cudaEventDestroy(struct CUevent_st *event)
{
    fake_wait_all();
    pthread_cond_destroy(&event->changed);
    pthread_mutex_destroy(&event->lock);
    fake_destroy(event);
    return FA_CUDA_Success;
}

/* In a capture an event only says which graph whoever waits for it joins. */
int cudaEventRecord(struct CUevent_st *event, struct CUstream_st *stream)
{
    struct CUgraph_st *capture = fake_capture_of(stream);
    struct mark mark = {.event = event};

    FAKE_TRY(fake_call(FA_CUDA_ErrorUnknown));
    pthread_mutex_lock(&event->lock);
    event->capture = capture;
    event->recorder = stream;
    event->captured = stream->captured;
    mark.ticket = capture == NULL ? ++event->asked : 0;
    pthread_mutex_unlock(&event->lock);
    return capture != NULL ? FA_CUDA_Success : fake_enqueue(stream, run_record, &mark, sizeof mark);
}

/* Into the capture that the event was recorded in, which must go on. */
static int join(struct CUstream_st *stream, const struct CUevent_st *event)
{
    if (fake_capture_of(event->recorder) != event->capture)
        return CAPTURE_UNSUPPORTED;
    pthread_mutex_lock(&stream->lock);
    if (stream == event->capture->origin)
        event->recorder->joined = event->captured;
    else
        stream->capture = event->capture;
    pthread_mutex_unlock(&stream->lock);
    return FA_CUDA_Success;
}

static struct mark mark_of(struct CUevent_st *event)
{
    struct mark mark = {.event = event};

    pthread_mutex_lock(&event->lock);
    mark.ticket = event->asked;
    pthread_mutex_unlock(&event->lock);
    return mark;
}

int cudaStreamWaitEvent(struct CUstream_st *stream, struct CUevent_st *event, unsigned flags)
{
    const struct mark mark = mark_of(event);

    (void)flags;
    FAKE_TRY(fake_call(FA_CUDA_ErrorUnknown));
    if (event->capture != NULL)
        return join(stream, event);
    return fake_capture_of(stream) != NULL ? CAPTURE_UNSUPPORTED
                                           : fake_enqueue(stream, run_wait, &mark, sizeof mark);
}

struct call {
    void (*run)(void *argument);
    void *argument;
};

static void run_call(void *argument)
{
    const struct call *call = argument;

    call->run(call->argument);
}

int cudaLaunchHostFunc(struct CUstream_st *stream, void (*run)(void *argument), void *argument)
{
    const struct call call = {run, argument};
    const int error = fake_call(FA_CUDA_ErrorUnknown);

    return error != FA_CUDA_Success ? error : fake_enqueue(stream, run_call, &call, sizeof call);
}

int cudaEventQuery(struct CUevent_st *event)
{
    bool reached;

    FAKE_TRY(fake_call(FA_CUDA_ErrorIllegalAddress));
    if (event->capture != NULL)
        return CAPTURE_UNSUPPORTED;
    pthread_mutex_lock(&event->lock);
    reached = event->reached >= event->asked && !fake_hangs();
    pthread_mutex_unlock(&event->lock);
    return reached ? FA_CUDA_Success : fake_not_ready();
}

int cudaEventSynchronize(struct CUevent_st *event)
{
    struct mark mark = mark_of(event);

    if (event->capture != NULL)
        return CAPTURE_UNSUPPORTED;
    run_wait(&mark);
    return fake_call(FA_CUDA_ErrorIllegalAddress);
}

int cudaEventElapsedTime(float *milliseconds, struct CUevent_st *from, struct CUevent_st *to)
{
    FAKE_TRY(fake_call(INVALID_VALUE));
    *milliseconds = 1e3f * (float)(to->when.tv_sec - from->when.tv_sec) +
                    1e-6f * (float)(to->when.tv_nsec - from->when.tv_nsec);
    return FA_CUDA_Success;
}
