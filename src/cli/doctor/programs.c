/*
 * programs.c - the same program and libraries on all hosts, and the same kind of processor.
 *
 * Versions of freeanchor and MPI were compared when the ranks met; other ones would not have come so far.
 */
#include <stddef.h>

#include "doctor.h"
#include "fa/backend.h"

/* What should be the same, how bad it is where it is not, and what to do then. */
static const struct comparison {
    const char *topic;
    size_t offset;
    enum fa_verdict otherwise;
    const char *advice;
} comparisons[] = {
    {"program", offsetof(struct fa_doctor_rank, program), FA_VERDICT_NOTE,
     "not the same file on all hosts; build it once and copy it, unless that is meant"},
    {"HDF5", offsetof(struct fa_doctor_rank, hdf5), FA_VERDICT_NOTE,
     "install the same version on all hosts where you can"},
    {"processor", offsetof(struct fa_doctor_rank, cpu), FA_VERDICT_NOTE,
     "the slowest host sets the pace, and the last bits differ from those of equal hosts"},
    {"kernels", offsetof(struct fa_doctor_rank, kernels), FA_VERDICT_NOTE,
     "the last bits differ from those of equal hosts"},
};

static void compare(struct fa_doctor *doctor, const struct comparison *c)
{
    char text[FA_DOCTOR_TEXT / 2];

    if (fa_doctor_compare(doctor, c->offset, text, sizeof text))
        fa_doctor_find(doctor, FA_VERDICT_OK, c->topic, "%s", text);
    else
        fa_doctor_find(doctor, c->otherwise, c->topic, "%s: %s", text, c->advice);
}

static void compare_backends(struct fa_doctor *doctor)
{
    for (size_t i = 0; i < FA_DOCTOR_BACKENDS && fa_backend_known(i) != NULL; i++)
        compare(doctor,
                &(struct comparison){fa_backend_known(i), offsetof(struct fa_doctor_rank, library[i]),
                                     FA_VERDICT_PROBLEM,
                                     "install the same version on all hosts, other ones give other numbers"});
}

fa_status fa_doctor_check_programs(struct fa_doctor *doctor)
{
    if (!fa_invocation_speaks(doctor->invocation))
        return FA_OK;
    fa_doctor_find(doctor, FA_VERDICT_OK, "freeanchor", "%s with %s on %zu ranks of %zu host%s", FA_VERSION,
                   fa_comm_library(), doctor->n_ranks, doctor->n_hosts, doctor->n_hosts == 1 ? "" : "s");
    compare_backends(doctor);
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        compare(doctor, &comparisons[i]);
    return FA_OK;
}
