/*
 * reduction_time.h - how long the sum of gradients takes (reducer.h), from a few numbers about the network.
 *
 * Devices bring every byte to their host and back; or, those of one host that reach each other, read it
 * there, and messages are empty.
 *
 * Pure arithmetic, without MPI and without a clock. A message costs latency, a node's link is busy for bytes
 * / bandwidth, and a processor is kept from its work for every message and byte; the ranks of a node share
 * its link, and what they exchange through memory costs a processor's time alone. Buckets go over the link
 * one after another, and move on only when backward lets them: between two layers.
 */
#ifndef FA_REDUCTION_TIME_H
#define FA_REDUCTION_TIME_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/reducer.h"

FA_BEGIN_DECLARATIONS

struct fa_network {
    int n_nodes, ranks_per_node;
    double bandwidth; /* bytes a second that a node sends while it receives as many */
    double latency_s; /* of a small message, one way */
    double message_s; /* of a processor, for a message sent and one received */
    double byte_s;    /* of a processor, for each byte of a gradient: copies and additions */

    /* ---- where ranks are devices; else 0 ---- */
    double staging; /* bytes a second between a device and its host, each way */
    double peer;    /* that one reads from the other devices of its host; 0: it cannot */
};

/* When a gradient becomes final: elements[i] of it after seconds[i] of backward. Neither falls. */
struct fa_readiness {
    size_t n; /* at least 1 */
    const size_t *elements;
    const double *seconds;
};

/* What one bucket of n elements costs; there and back are alike. */
struct fa_bucket_cost {
    int rounds;         /* messages that wait for one another, each way */
    int trips;          /* over the network for one message: a long one asks first, and is answered */
    double wire_s;      /* of the busiest link, in one direction, each way */
    double processor_s; /* of every rank, each way */
    bool one_way;       /* there and back take opposite directions of that link, else both take both */
};

struct fa_bucket_cost fa_bucket_cost(const struct fa_network *network, const struct fa_reducer_config *config,
                                     size_t n);

/* Of a gradient of n elements, all of it final at once. 0 on a single rank, as the one below. */
double fa_reduction_seconds(const struct fa_network *network, const struct fa_reducer_config *config,
                            size_t n);

/* What a step is longer for the reduction that leaves while backward of the rank's last image runs. The last
   of readiness has the whole gradient. */
double fa_exposed_seconds(const struct fa_network *network, const struct fa_reducer_config *config,
                          const struct fa_readiness *readiness);

FA_END_DECLARATIONS

#endif
