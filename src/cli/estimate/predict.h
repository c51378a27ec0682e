/*
 * predict.h - how long a training step and an epoch take on a number of ranks, and what keeps them from being
 * shorter. Pure arithmetic over measured times and a network's numbers.
 */
#ifndef FA_ESTIMATE_PREDICT_H
#define FA_ESTIMATE_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "fa/reduction_time.h"

/* What a rank's processor does, without any communication. */
struct fa_work {
    double forward_s; /* of one image, with its loss */
    double backward_s;
    double update_s; /* of a step */
    struct fa_readiness readiness;
};

/* What is to be done, whatever the ranks. */
struct fa_job {
    int batch; /* images of a step; it grows where there are more ranks */
    int64_t n_images;
    enum fa_reduction reduction;
    size_t bucket_bytes;
};

/* What to make better for shorter steps. */
enum fa_limit {
    FA_LIMIT_COMPUTE,   /* communication hardly shows */
    FA_LIMIT_BANDWIDTH, /* of what shows, this is the largest part */
    FA_LIMIT_LATENCY,
    FA_LIMIT_PROCESSOR /* messages and copies that keep it from computing */
};

extern const char *const fa_limit_names[];

struct fa_prediction {
    int ranks, batch;
    int images_per_rank; /* of those with most, for which the others wait */
    double compute_s;    /* of a step */
    double exposed_s;    /* communication that is not behind backward */
    double step_s;       /* both */
    int64_t steps;       /* of an epoch */
    double epoch_s;
    double efficiency; /* images a second, over those of as many ranks if each were alone with the job */
    enum fa_limit limit;
};

struct fa_prediction fa_predict(const struct fa_work *work, const struct fa_job *job,
                                const struct fa_network *network);

#endif
