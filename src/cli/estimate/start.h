/*
 * start.h - how long it takes until all ranks of a job have their data open. Arithmetic over a dataset's
 * bytes, a measured opening and the speed of a file system.
 */
#ifndef FA_ESTIMATE_START_H
#define FA_ESTIMATE_START_H

struct fa_start_case {
    double n_bytes, n_index_bytes; /* of the dataset; of that, what opening reads */
    double open_s;                 /* one process, from memory */
    int n_nodes, ranks_per_node;
    double storage; /* bytes a second that the file system gives to all readers together */
    double disk;    /* bytes a second that a host's own disk is written with */
};

struct fa_start_times {
    double together_s; /* one process of each host reads the index, and hands it to the others */
    double alone_s;    /* every rank reads it */
    double staged_s;   /* every host copies the dataset first */
};

struct fa_start_times fa_predict_start(const struct fa_start_case *job);

#endif
