/*
 * engines.h - the engines of cuDNN that may compute a graph on a device.
 *
 * Taken are engines alone whose results are the same bits each time, that are compiled already, and that sum
 * in float; for strict fp32 also none that uses tensor cores or makes its factors shorter.
 */
#ifndef FA_CUDA_CUDNN_ENGINES_H
#define FA_CUDA_CUDNN_ENGINES_H

#include "choice.h"
#include "conv_graph.h"
#include "device.h"

enum { FA_CUDNN_MOST_CHOICES = 32 };

/* What cuDNN's heuristics are asked for: what is fast, the likely fastest first; or whatever can compute the
   graph, for where nothing fast is taken, or all of it needs too much workspace. Nothing is measured. */
enum fa_cudnn_advice { FA_CUDNN_FASTEST, FA_CUDNN_ANY, FA_CUDNN_N_ADVICES };

/* n choices for the graph, at most `most`; none is fine. Some may turn out to have no plan. */
fa_status fa_cudnn_choices(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                           enum fa_cudnn_advice advice, int most, struct fa_cudnn_choice *choice,
                           int *n) FA_CHECK_RESULT;

/* engine: a descriptor of one, finalised. */
fa_status fa_cudnn_is_taken(const struct fa_cudnn *cudnn, enum fa_cudnn_precision precision,
                            fa_cudnn_descriptor engine, bool *taken) FA_CHECK_RESULT;

#endif
