/*
 * queue.c - streams, tickets and memory of the GPU.
 */
#include <stdio.h>
#include <string.h>

#include "backend.h"

static struct fa_cuda *runtime_of(const struct fa_cuda_queue *queue)
{
    return queue->device->runtime;
}

/* ---- failures ---- */

void fa_cuda_note_status(struct fa_cuda_queue *queue, fa_status status)
{
    if (status == FA_OK || queue->status != FA_OK)
        return;
    queue->status = status;
    snprintf(queue->message, sizeof queue->message, "%s", fa_message());
}

/* What is on its way to be told stays so: after a failure everything is given back, which fails too on a GPU
   that is lost. */
void fa_cuda_note(struct fa_cuda_queue *queue, int error, const char *doing)
{
    char before[FA_MESSAGE_MAX];

    if (error == FA_CUDA_Success || queue->status != FA_OK)
        return;
    snprintf(before, sizeof before, "%s", fa_message());
    fa_cuda_note_status(queue, fa_cuda_check(runtime_of(queue), error, doing));
    (void)!fa_status_forward(queue->status, before);
}

static fa_status told(const struct fa_cuda_queue *queue)
{
    return fa_status_forward(queue->status, queue->message);
}

/* ---- memory ---- */

static fa_status take(struct fa_backend *backend, size_t n_bytes, void **out)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    char doing[64];

    *out = NULL;
    snprintf(doing, sizeof doing, "taking %zu MiB of the GPU's memory", (n_bytes >> 20) + 1);
    return fa_cuda_check(runtime_of(queue), runtime_of(queue)->cudaMalloc(out, n_bytes > 0 ? n_bytes : 1),
                         doing);
}

static void give_back(struct fa_backend *backend, void *memory)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    if (memory == NULL)
        return;
    queue->n_freed++;
    fa_cuda_note(queue, runtime_of(queue)->cudaFree(memory), "freeing the GPU's memory");
}

/* On any thread, whose GPU is another one until it is told. */
static fa_status take_host(struct fa_backend *backend, size_t n_bytes, void **out)
{
    const struct fa_cuda_device *device = fa_cuda_queue_of(backend)->device;
    const struct fa_cuda *cuda = device->runtime;

    *out = NULL;
    FA_TRY(fa_cuda_check(cuda, cuda->cudaSetDevice(device->place.number), "choosing a GPU"));
    return fa_cuda_check(cuda, cuda->cudaHostAlloc(out, n_bytes > 0 ? n_bytes : 1, FA_CUDA_HostAllocDefault),
                         "taking page-locked memory");
}

/* On any thread. What it could say is of earlier work, and tickets say it too. */
static void give_back_host(struct fa_backend *backend, void *memory)
{
    const struct fa_cuda_device *device = fa_cuda_queue_of(backend)->device;

    if (memory == NULL)
        return;
    (void)device->runtime->cudaSetDevice(device->place.number);
    (void)device->runtime->cudaFreeHost(memory);
}

static fa_status free_bytes(struct fa_backend *backend, size_t *n_bytes)
{
    const struct fa_cuda *cuda = fa_cuda_queue_of(backend)->device->runtime;
    size_t all;

    return fa_cuda_check(cuda, cuda->cudaMemGetInfo(n_bytes, &all), "asking for the GPU's free memory");
}

static void put(struct fa_backend *backend, void *memory, const void *host, size_t n_bytes)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    if (n_bytes > 0)
        fa_cuda_note(queue,
                     runtime_of(queue)->cudaMemcpyAsync(memory, host, n_bytes, FA_CUDA_MemcpyHostToDevice,
                                                        queue->stream),
                     "copying to the GPU");
}

static void get(struct fa_backend *backend, void *host, const void *memory, size_t n_bytes)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    if (n_bytes > 0)
        fa_cuda_note(queue,
                     runtime_of(queue)->cudaMemcpyAsync(host, memory, n_bytes, FA_CUDA_MemcpyDeviceToHost,
                                                        queue->stream),
                     "copying from the GPU");
}

fa_status fa_cuda_room_grow(struct fa_cuda_queue *queue, struct fa_cuda_room *room, size_t n_bytes, bool zero)
{
    if (n_bytes <= room->n_bytes)
        return FA_OK;
    give_back(&queue->base, room->memory);
    *room = (struct fa_cuda_room){0};
    FA_TRY(take(&queue->base, n_bytes, &room->memory));
    room->n_bytes = n_bytes;
    if (zero)
        fa_cuda_note(queue, runtime_of(queue)->cudaMemsetAsync(room->memory, 0, n_bytes, queue->stream),
                     "clearing scratch");
    return FA_OK;
}

void *fa_cuda_send_up(struct fa_cuda_queue *queue, const void *host, size_t n_bytes)
{
    const size_t at = queue->n_slots++ % FA_CUDA_SLOTS * FA_CUDA_SLOT_BYTES;

    /* all slots are taken: what is on its way in the oldest must have arrived */
    if (at == 0 && queue->n_slots > 1)
        fa_cuda_note(queue, runtime_of(queue)->cudaStreamSynchronize(queue->stream), "waiting for the GPU");
    memcpy(queue->slots + at, host, n_bytes);
    put(&queue->base, queue->slots_up + at, queue->slots + at, n_bytes);
    return queue->slots_up + at;
}

/* ---- tickets ---- */

static struct CUevent_st **event_of(struct fa_cuda_queue *queue, uint64_t number)
{
    return &queue->event[number % FA_CUDA_EVENTS];
}

/* Ticket 0 is that of a queue of which nothing was asked. */
static uint64_t mark(struct fa_backend *backend)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    const struct fa_cuda *cuda = runtime_of(queue);
    struct CUevent_st **event = event_of(queue, ++queue->n_marked);

    if (*event == NULL)
        fa_cuda_note(queue, cuda->cudaEventCreateWithFlags(event, FA_CUDA_EventDisableTiming),
                     "making an event");
    if (*event != NULL)
        fa_cuda_note(queue, cuda->cudaEventRecord(*event, queue->stream), "recording an event");
    return queue->n_marked;
}

/* Of so old a ticket the event is a later one's, which serves as well. */
static fa_status reached(struct fa_backend *backend, uint64_t number, bool *reached)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    struct CUevent_st *event = *event_of(queue, number);
    int error = FA_CUDA_Success;

    if (number > 0 && event != NULL)
        error = runtime_of(queue)->cudaEventQuery(event);
    *reached = error != FA_CUDA_ErrorNotReady;
    if (*reached)
        fa_cuda_note(queue, error, "computing on the GPU");
    return told(queue);
}

static void follow(struct fa_backend *backend, struct fa_ticket ticket)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend), *other = fa_cuda_queue_of(ticket.queue);
    const struct fa_cuda *cuda = runtime_of(queue);
    struct CUevent_st *event = *event_of(other, ticket.number);

    if (ticket.number == 0 || event == NULL)
        return;
    if (ticket.number + FA_CUDA_EVENTS <=
        other->n_marked) /* its event is a later ticket's, which may wait for us */
        fa_cuda_note(queue, cuda->cudaStreamSynchronize(other->stream), "waiting for the GPU");
    else
        fa_cuda_note(queue, cuda->cudaStreamWaitEvent(queue->stream, event, 0), "letting a stream wait");
}

static fa_status synchronize(struct fa_backend *backend)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue, runtime_of(queue)->cudaStreamSynchronize(queue->stream), "computing on the GPU");
    return told(queue);
}

/* ---- life ---- */

static fa_status fork_queue(struct fa_backend *backend, struct fa_backend **out)
{
    const struct fa_backend base = {.ops = backend->ops, .n_handles = 1, .n_threads = backend->n_threads};

    return fa_cuda_queue_open(&base, fa_cuda_queue_of(backend)->device, out);
}

const struct fa_memory_ops fa_cuda_memory_ops = {.alloc = take,
                                                 .free = give_back,
                                                 .alloc_host = take_host,
                                                 .free_host = give_back_host,
                                                 .put = put,
                                                 .get = get,
                                                 .peak_bytes = fa_cuda_peak_bytes,
                                                 .free_bytes = free_bytes,
                                                 .lend = fa_cuda_lend,
                                                 .borrow = fa_cuda_borrow,
                                                 .end_loan = fa_cuda_end_loan,
                                                 .fork = fork_queue,
                                                 .mark = mark,
                                                 .reached = reached,
                                                 .follow = follow,
                                                 .synchronize = synchronize,
                                                 .record = fa_cuda_record,
                                                 .recorded = fa_cuda_recorded,
                                                 .ask = fa_cuda_ask_recording,
                                                 .holds = fa_cuda_recording_holds,
                                                 .forget = fa_cuda_forget_recording,
                                                 .trace = &fa_cuda_trace_ops};
