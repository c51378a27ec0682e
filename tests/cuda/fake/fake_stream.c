/*
 * fake_stream.c - streams of the fake CUDA runtime: each is a thread that does one job after the other.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake_runtime.h"

/* ---- jobs ---- */

struct job *fake_new_job(void (*run)(void *), const void *argument, size_t n_bytes)
{
    struct job *job = calloc(1, sizeof *job + n_bytes);

    if (job == NULL)
        abort();
    job->run = run;
    job->n_bytes = n_bytes;
    memcpy(job->argument, argument, n_bytes);
    return job;
}

void fake_append(struct list *list, struct job *job)
{
    if (list->first == NULL)
        list->end = &list->first;
    *list->end = job;
    list->end = &job->next;
}

void fake_free_jobs(struct list *list)
{
    while (list->first != NULL) {
        struct job *job = list->first;

        list->first = job->next;
        free(job);
    }
}

/* ---- streams ---- */

static struct CUstream_st *streams;
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

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

static void push(struct CUstream_st *stream, struct job *job)
{
    pthread_mutex_lock(&stream->lock);
    fake_append(stream->capture != NULL ? &stream->capture->jobs : &stream->queue, job);
    stream->captured += stream->capture != NULL;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

int fake_enqueue(struct CUstream_st *stream, void (*run)(void *), const void *argument, size_t n_bytes)
{
    if (stream == NULL)
        return INVALID_HANDLE; /* nobody here means the default stream */
    push(stream, fake_new_job(run, argument, n_bytes));
    return FA_CUDA_Success;
}

int fake_launch(struct CUstream_st *stream, void (*run)(void *), const void *argument, size_t n_bytes)
{
    FAKE_TRY(fake_call(FA_CUDA_ErrorLaunchFailure));
    return fake_enqueue(stream, run, argument, n_bytes);
}

struct CUgraph_st *fake_capture_of(struct CUstream_st *stream)
{
    struct CUgraph_st *capture;

    pthread_mutex_lock(&stream->lock);
    capture = stream->capture;
    pthread_mutex_unlock(&stream->lock);
    return capture;
}

void fake_each_stream(void (*visit)(struct CUstream_st *stream, void *context), void *context)
{
    pthread_mutex_lock(&streams_lock);
    for (struct CUstream_st *s = streams; s != NULL; s = s->next)
        visit(s, context);
    pthread_mutex_unlock(&streams_lock);
}

static void wait_idle(struct CUstream_st *stream, void *context)
{
    (void)context;
    pthread_mutex_lock(&stream->lock);
    while (stream->queue.first != NULL || stream->busy)
        pthread_cond_wait(&stream->changed, &stream->lock);
    pthread_mutex_unlock(&stream->lock);
}

void fake_wait_all(void)
{
    fake_each_stream(wait_idle, NULL);
}

/* ---- the runtime's functions ---- */

int cudaStreamCreateWithFlags(struct CUstream_st **stream, unsigned flags)
{
    struct CUstream_st *made;

    (void)flags;
    FAKE_TRY(fake_call(FA_CUDA_ErrorUnknown));
    made = fake_make(sizeof *made);
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
    fake_destroy(stream);
    return FA_CUDA_Success;
}

int fake_not_ready(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    return FA_CUDA_ErrorNotReady;
}

int cudaStreamQuery(struct CUstream_st *stream)
{
    bool idle;

    FAKE_TRY(fake_call(FA_CUDA_ErrorIllegalAddress));
    if (fake_capture_of(stream) != NULL)
        return CAPTURE_UNSUPPORTED;
    pthread_mutex_lock(&stream->lock);
    idle = stream->queue.first == NULL && !stream->busy;
    pthread_mutex_unlock(&stream->lock);
    return idle ? FA_CUDA_Success : fake_not_ready();
}

int cudaStreamSynchronize(struct CUstream_st *stream)
{
    if (fake_capture_of(stream) != NULL)
        return CAPTURE_UNSUPPORTED;
    wait_idle(stream, NULL);
    return fake_call(FA_CUDA_ErrorIllegalAddress);
}
