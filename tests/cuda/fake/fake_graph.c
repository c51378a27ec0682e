/*
 * fake_graph.c - work of the fake CUDA runtime that is captured and replayed, in the order in which it was
 * asked for.
 */
#include "fake_runtime.h"

struct CUgraphExec_st {
    struct list jobs;
};

int cudaStreamBeginCapture(struct CUstream_st *stream, int mode)
{
    struct CUgraph_st *graph;

    (void)mode;
    FAKE_TRY(fake_call(CAPTURE_UNSUPPORTED));
    if (fake_capture_of(stream) != NULL)
        return CAPTURE_UNSUPPORTED;
    graph = fake_make(sizeof *graph);
    graph->origin = stream;
    pthread_mutex_lock(&stream->lock);
    stream->capture = graph;
    pthread_mutex_unlock(&stream->lock);
    fake_n_captures++;
    return FA_CUDA_Success;
}

struct end {
    struct CUgraph_st *graph;
    bool joined; /* had all others been waited for? */
};

static void leave(struct CUstream_st *stream, void *context)
{
    struct end *end = context;

    pthread_mutex_lock(&stream->lock);
    if (stream->capture == end->graph) {
        end->joined = end->joined && (stream == end->graph->origin || stream->joined == stream->captured);
        stream->capture = NULL;
        stream->captured = stream->joined = 0;
    }
    pthread_mutex_unlock(&stream->lock);
}

int cudaStreamEndCapture(struct CUstream_st *stream, struct CUgraph_st **graph)
{
    struct end end = {fake_capture_of(stream), true};
    int error;

    *graph = NULL;
    if (end.graph == NULL || end.graph->origin != stream)
        return CAPTURE_UNSUPPORTED;
    fake_n_captures--;
    fake_each_stream(leave, &end);
    error = end.joined ? fake_call(FA_CUDA_ErrorUnknown) : CAPTURE_UNJOINED;
    if (error == FA_CUDA_Success)
        *graph = end.graph;
    else
        (void)cudaGraphDestroy(end.graph);
    return error;
}

int cudaGraphDestroy(struct CUgraph_st *graph)
{
    fake_free_jobs(&graph->jobs);
    fake_destroy(graph);
    return FA_CUDA_Success;
}

int cudaGraphInstantiateWithFlags(struct CUgraphExec_st **executable, struct CUgraph_st *graph,
                                  unsigned long long flags)
{
    (void)flags;
    FAKE_TRY(fake_call(FA_CUDA_ErrorMemoryAllocation));
    *executable = fake_make(sizeof **executable);
    for (struct job *job = graph->jobs.first; job != NULL; job = job->next)
        fake_append(&(*executable)->jobs, fake_new_job(job->run, job->argument, job->n_bytes));
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
    FAKE_TRY(fake_call(FA_CUDA_ErrorUnknown));
    return fake_enqueue(stream, run_graph, &executable, sizeof executable);
}

int cudaGraphExecDestroy(struct CUgraphExec_st *executable)
{
    fake_wait_all();
    fake_free_jobs(&executable->jobs);
    fake_destroy(executable);
    return FA_CUDA_Success;
}
