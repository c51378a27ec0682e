/*
 * reduction.c - how fast ranks add up numbers, of which a training step is made.
 */
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "median.h"

/* Of ResNet-50 with 80 classes, in bytes; below so many a second they take longer than a step on many cores.
 */
#define GRADIENTS    (37.7e6 * 4)
#define BYTES_WANTED 100e6

static const struct measurement {
    size_t n_bytes;
    int repeats;
    const char *name;
} measurements[] = {{sizeof(fa_real), 51, "4 B"},
                    {(size_t)64 << 10, 21, "64 KiB"},
                    {(size_t)1 << 20, 11, "1 MiB"},
                    {(size_t)4 << 20, 5, "4 MiB"},
                    {(size_t)32 << 20, 3, "32 MiB"}};

enum { N_MEASUREMENTS = sizeof measurements / sizeof *measurements, MOST_REPEATS = 51 };

/* Collective. The median over repetitions of what the slowest rank took, after one that is not counted. */
static double measure(struct fa_comm *comm, const struct measurement *m, fa_real *values)
{
    double each[MOST_REPEATS];

    for (int i = -1; i < m->repeats; i++) {
        double start;

        fa_comm_barrier(comm);
        start = fa_clock_seconds();
        fa_comm_sum_real(comm, values, m->n_bytes / sizeof *values);
        if (i >= 0)
            each[i] = fa_clock_seconds() - start;
    }
    fa_comm_max_double(comm, each, (size_t)m->repeats);
    return fa_median(each, (size_t)m->repeats);
}

static void report(struct fa_doctor *doctor, const double *seconds)
{
    struct fa_json *all = fa_json_new_array();

    for (int i = 0; i < N_MEASUREMENTS && all != NULL; i++) {
        struct fa_json *one = fa_json_new_object();

        if (one == NULL)
            break;
        fa_json_set(one, "bytes", fa_json_new_number((double)measurements[i].n_bytes));
        fa_json_set(one, "seconds", fa_json_new_number(seconds[i]));
        fa_json_append(all, one);
    }
    if (all != NULL)
        fa_json_set(doctor->invocation->report, "allreduce", all);
}

static void find(struct fa_doctor *doctor, const double *seconds)
{
    const double bandwidth = (double)measurements[N_MEASUREMENTS - 1].n_bytes / seconds[N_MEASUREMENTS - 1];
    const bool slow = doctor->n_hosts > 1 && bandwidth < BYTES_WANTED;
    char list[256] = "";

    for (int i = 0; i < N_MEASUREMENTS; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s %.3g ms", i > 0 ? ", " : "",
                 measurements[i].name, 1e3 * seconds[i]);
    fa_doctor_find(
        doctor, slow ? FA_VERDICT_NOTE : FA_VERDICT_OK, "all-reduce",
        "%s: %.2f GB/s; the gradients of ResNet-50 take %.2f s%s", list, bandwidth / 1e9,
        GRADIENTS / bandwidth,
        slow ? "; see whether MPI uses the fast network, and which interfaces mpirun is told to use" : "");
}

fa_status fa_doctor_check_reduction(struct fa_doctor *doctor)
{
    double seconds[N_MEASUREMENTS];
    fa_real *values;

    if (fa_comm_size(doctor->comm) == 1) {
        fa_doctor_find(doctor, FA_VERDICT_NOTE, "all-reduce",
                       "one rank alone: start the doctor under mpirun");
        return FA_OK;
    }
    FA_TRY(fa_comm_agree(doctor->comm, fa_alloc_zero(measurements[N_MEASUREMENTS - 1].n_bytes, 1, &values)));
    for (int i = 0; i < N_MEASUREMENTS; i++)
        seconds[i] = measure(doctor->comm, &measurements[i], values);
    fa_free(values);
    find(doctor, seconds);
    if (fa_invocation_speaks(doctor->invocation))
        report(doctor, seconds);
    return FA_OK;
}
