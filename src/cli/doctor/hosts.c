/*
 * hosts.c - what the doctor says of every host by itself: its cores and memory.
 */
#include <stdio.h>

#include "doctor.h"
#include "fa/launcher.h"
#include "fa/log.h"

/* A step of ResNet-50 at 1333x800 takes about 1.5 GiB, its images and MPI the rest. */
#define MEMORY_WANTED (2.0 * 1073741824)
#define MEMORY_NEEDED (0.5 * 1073741824)

/* Of each rank: Open MPI's btl_vader_segment_size. */
#define SHARED_NEEDED (4.0 * 1048576)

/* ---- cores ---- */

/* Unlike hosts are told one by one, alike ones together. */
static bool are_hosts_alike(const struct fa_doctor *doctor)
{
    const struct fa_doctor_rank *first = &doctor->rank[0];

    for (size_t r = 1; r < doctor->n_ranks; r++) {
        const struct fa_doctor_rank *rank = &doctor->rank[r];

        if (rank->n_local != first->n_local || rank->threads != first->threads ||
            rank->cores != first->cores || rank->cores_of_host != first->cores_of_host ||
            rank->quota != first->quota)
            return false;
    }
    return true;
}

static void say_place(struct fa_doctor *doctor, const struct fa_doctor_rank *rank, const char *where)
{
    char quota[64] = "";

    if (rank->quota < rank->cores_of_host)
        snprintf(quota, sizeof quota, ", together with the time of %g (quota)", rank->quota);
    fa_doctor_find(doctor, FA_VERDICT_OK, "cores", "%s: %d rank%s of %d thread%s, each on %d of %d cores%s",
                   where, rank->n_local, fa_plural((size_t)rank->n_local), rank->threads,
                   fa_plural((size_t)rank->threads), rank->cores, rank->cores_of_host, quota);
}

static void check_cores(struct fa_doctor *doctor)
{
    const bool alike = are_hosts_alike(doctor);
    char where[64];

    if (alike && doctor->n_hosts > 1) {
        snprintf(where, sizeof where, "each of %zu hosts", doctor->n_hosts);
        say_place(doctor, &doctor->rank[0], where);
    }
    for (size_t r = 0; r < doctor->n_ranks; r++) {
        const struct fa_doctor_rank *rank = &doctor->rank[r];

        if (rank->local_number != 0)
            continue;
        if (rank->placement[0] != '\0')
            fa_doctor_find(doctor, rank->is_crowded ? FA_VERDICT_PROBLEM : FA_VERDICT_NOTE, "cores", "%s",
                           rank->placement);
        else if (!alike || doctor->n_hosts == 1)
            say_place(doctor, rank, rank->host);
    }
}

/* ---- memory ---- */

static double memory_of_rank(const struct fa_doctor_rank *rank)
{
    return rank->free_memory / rank->n_local;
}

static void check_memory(struct fa_doctor *doctor)
{
    const struct fa_doctor_rank *least = &doctor->rank[0];
    double memory;

    for (size_t r = 1; r < doctor->n_ranks; r++)
        if (memory_of_rank(&doctor->rank[r]) < memory_of_rank(least))
            least = &doctor->rank[r];
    memory = memory_of_rank(least);
    fa_doctor_find(doctor,
                   memory < MEMORY_NEEDED   ? FA_VERDICT_PROBLEM
                   : memory < MEMORY_WANTED ? FA_VERDICT_NOTE
                                            : FA_VERDICT_OK,
                   "memory", "%.1f GiB free for each rank on %s%s%s", memory / 1073741824, least->host,
                   doctor->n_hosts > 1 ? ", the least of all hosts" : "",
                   memory < MEMORY_WANTED
                       ? "; ResNet-50 at 1333x800 takes 2 GiB: start fewer ranks with more threads"
                       : "");
    fa_report_number(doctor->invocation, "free_memory_bytes_per_rank", memory);
}

/* ---- memory that ranks share ---- */

static bool lacks_shared_memory(const struct fa_doctor_rank *rank, const void *context)
{
    (void)context;
    return rank->shared_memory < SHARED_NEEDED * rank->n_local;
}

/* A rank that touches a page for which there is no room ends by signal 7, long after the start. */
static void check_shared_memory(struct fa_doctor *doctor)
{
    const char *folder = fa_doctor_shared_memory(), *variable = fa_mpi_words.shared_memory;
    const struct fa_doctor_rank *first = &doctor->rank[0];
    char hosts[256];

    fa_doctor_list_hosts(doctor, lacks_shared_memory, NULL, hosts, sizeof hosts);
    if (hosts[0] == '\0')
        fa_doctor_find(
            doctor, FA_VERDICT_OK, "shared mem", "%.0f MiB free in %s, %.0f are needed by the ranks of %s",
            first->shared_memory / 1048576, folder, SHARED_NEEDED * first->n_local / 1048576, first->host);
    else
        fa_doctor_find(doctor, FA_VERDICT_PROBLEM, "shared mem",
                       "%s has less room on %s than the %.0f MiB that MPI takes for each rank: give the "
                       "container more (docker: --shm-size=1g)%s%s",
                       folder, hosts, SHARED_NEEDED / 1048576,
                       variable != NULL ? ", or name another folder in memory by " : "",
                       variable != NULL ? variable : "");
    fa_report_number(doctor->invocation, "shared_memory_bytes", first->shared_memory);
}

fa_status fa_doctor_check_hosts(struct fa_doctor *doctor)
{
    if (!fa_invocation_speaks(doctor->invocation))
        return FA_OK;
    check_cores(doctor);
    check_memory(doctor);
    check_shared_memory(doctor);
    return FA_OK;
}
