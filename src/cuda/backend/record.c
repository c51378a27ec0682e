/*
 * record.c - recordings: graphs of CUDA, captured from the queue's stream.
 */
#include "backend.h"
#include "fa/memory.h"

struct recording {
    struct fa_recording base;
    struct CUgraphExec_st *graph;
    uint64_t n_freed; /* by its queue when it was made */
};

static const struct fa_cuda *runtime_of(const struct fa_cuda_queue *queue)
{
    return queue->device->runtime;
}

fa_status fa_cuda_record(struct fa_backend *backend)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    const struct fa_cuda *cuda = runtime_of(queue);

    return fa_cuda_check(cuda,
                         cuda->cudaStreamBeginCapture(queue->stream, FA_CUDA_StreamCaptureModeThreadLocal),
                         "beginning to record a graph");
}

/* What could not be recorded is told before what that did to the capture. */
static fa_status end_capture(struct fa_cuda_queue *queue, struct CUgraph_st **graph)
{
    const struct fa_cuda *cuda = runtime_of(queue);
    const int error = cuda->cudaStreamEndCapture(queue->stream, graph);

    FA_TRY(fa_status_forward(queue->status, queue->message));
    return fa_cuda_check(cuda, error, "recording a graph");
}

static fa_status make_executable(struct fa_cuda_queue *queue, struct CUgraph_st *graph,
                                 struct recording *recording)
{
    const struct fa_cuda *cuda = runtime_of(queue);

    return fa_cuda_check(cuda, cuda->cudaGraphInstantiateWithFlags(&recording->graph, graph, 0),
                         "making a recorded graph ready");
}

fa_status fa_cuda_recorded(struct fa_backend *backend, struct fa_recording **out)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    struct recording *recording = NULL;
    struct CUgraph_st *graph = NULL;
    fa_status status = end_capture(queue, &graph);

    if (status == FA_OK)
        status = fa_alloc_zero(1, sizeof *recording, &recording);
    if (status == FA_OK)
        status = make_executable(queue, graph, recording);
    if (graph != NULL)
        (void)runtime_of(queue)->cudaGraphDestroy(graph);
    if (status != FA_OK) {
        fa_free(recording);
        return status;
    }
    recording->n_freed = queue->n_freed;
    *out = &recording->base;
    return FA_OK;
}

void fa_cuda_ask_recording(struct fa_recording *asked)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(asked->queue);

    fa_cuda_note(queue, runtime_of(queue)->cudaGraphLaunch(((struct recording *)asked)->graph, queue->stream),
                 "asking for a recorded graph");
}

bool fa_cuda_recording_holds(const struct fa_recording *recording)
{
    return ((const struct recording *)recording)->n_freed == fa_cuda_queue_of(recording->queue)->n_freed;
}

void fa_cuda_forget_recording(struct fa_recording *forgotten)
{
    struct recording *recording = (struct recording *)forgotten;
    struct fa_cuda_queue *queue = fa_cuda_queue_of(forgotten->queue);

    fa_cuda_note(queue, runtime_of(queue)->cudaStreamSynchronize(queue->stream), "waiting for the GPU");
    (void)runtime_of(queue)->cudaGraphExecDestroy(recording->graph);
    fa_free(recording);
}
