/*
 * doctor.h - the checks of freeanchor doctor: one file a topic, listed in cmd_doctor.c.
 *
 * Every rank first writes down what it knows of itself, and rank 0 gets all of it. A check is collective: it
 * measures what needs several ranks, and on rank 0 adds its findings. It fails only where the doctor cannot
 * go on; what is wrong with the cluster is a finding.
 */
#ifndef FA_DOCTOR_H
#define FA_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "fa/cuda.h"
#include "fa/machine.h"

enum { FA_DOCTOR_INTERFACES = 16, FA_DOCTOR_TEXT = 1024 };

/* What a rank knows of itself; travels as it is. */
enum { FA_DOCTOR_BACKENDS = 8 };

struct fa_doctor_rank {
    char host[64];
    int local_number, n_local;            /* which of the ranks of its host it is, and how many they are */
    char program[16];                     /* the checksum of the program's file */
    char library[FA_DOCTOR_BACKENDS][48]; /* of each backend of rank 0's build */
    char hdf5[32];
    struct fa_cuda_finding for_gpus[FA_CUDA_PARTS];
    bool wants_gpus;   /* something of that is there */
    char kernels[128]; /* for which kind of processor the libraries compute */
    char cpu[128];
    int threads, cores, cores_of_host;
    double quota;        /* of cores, as of struct fa_cores */
    char placement[384]; /* of the first rank of a host: what is wrong with it; "": nothing */
    bool is_crowded;     /* ... and that makes ranks wait for each other */
    enum fa_single_copy single_copy;
    double free_memory;   /* bytes */
    double shared_memory; /* bytes free where Open MPI keeps what ranks of a host share; -1: unknown */
    size_t n_interfaces;
    struct fa_interface interface[FA_DOCTOR_INTERFACES];
    double clock_ahead_s;  /* of rank 0's */
    double disk_bytes_s;   /* to the work directory; 0: not measured */
    bool lock_was_ignored; /* it could take the lock of the work directory that rank 0 held */
};

enum fa_verdict { FA_VERDICT_OK, FA_VERDICT_NOTE, FA_VERDICT_PROBLEM };

struct fa_doctor {
    struct fa_invocation *invocation;
    struct fa_comm *comm;
    const char *work_dir; /* NULL: not given */
    bool work_dir_works;
    struct fa_doctor_rank mine, *rank; /* rank: of all, in their order, on rank 0; elsewhere NULL */
    size_t n_ranks, n_hosts;           /* n_hosts: on rank 0 */
    struct fa_json *findings;          /* an array; owned by the report */
    int n_problems, n_notes;
};

/* ---- finding.c ---- */

/* One line of the table. Does nothing but on rank 0. */
void fa_doctor_find(struct fa_doctor *doctor, enum fa_verdict verdict, const char *topic, const char *format,
                    ...) FA_PRINTF(4, 5);

/* ---- rank.c ---- */

/* What needs no other rank. */
fa_status fa_doctor_describe(struct fa_doctor *doctor) FA_CHECK_RESULT;

/* Collective. Sends mine to rank 0, again after a check that added to it. */
fa_status fa_doctor_collect(struct fa_doctor *doctor) FA_CHECK_RESULT;

/* The folder that Open MPI keeps messages between ranks of a host in. */
const char *fa_doctor_shared_memory(void);

/* ---- compare.c: rank 0 ---- */

/* "node1, node2 and 6 more": the hosts of the ranks for which holds is true, each once. */
void fa_doctor_list_hosts(const struct fa_doctor *doctor,
                          bool (*holds)(const struct fa_doctor_rank *rank, const void *context),
                          const void *context, char *text, size_t size);

/* Whether all ranks have the same text at this offset of their struct. *text: it; or, where they do not,
   "X on node1, node2; Y on node3". */
bool fa_doctor_compare(const struct fa_doctor *doctor, size_t offset, char *text, size_t size);

/* ---- gpus.c ---- */

void fa_doctor_describe_gpus(struct fa_doctor_rank *rank);

/* ---- the checks ---- */

fa_status fa_doctor_check_programs(struct fa_doctor *doctor) FA_CHECK_RESULT;
fa_status fa_doctor_check_gpus(struct fa_doctor *doctor) FA_CHECK_RESULT;
fa_status fa_doctor_check_hosts(struct fa_doctor *doctor) FA_CHECK_RESULT;
fa_status fa_doctor_check_network(struct fa_doctor *doctor) FA_CHECK_RESULT;
fa_status fa_doctor_check_reduction(struct fa_doctor *doctor) FA_CHECK_RESULT;
fa_status fa_doctor_check_disk(struct fa_doctor *doctor) FA_CHECK_RESULT;
fa_status fa_doctor_check_clocks(struct fa_doctor *doctor) FA_CHECK_RESULT;

#endif
