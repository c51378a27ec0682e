/*
 * programs.c - the same program and libraries on all hosts, and the same kind of processor.
 *
 * Versions of freeanchor and MPI were compared when the ranks met; other ones would not have come so far.
 */
#include <stddef.h>

#include "doctor.h"

/* What should be the same, how bad it is where it is not, and what to do then. */
static const struct comparison {
    const char *topic;
    size_t offset;
    enum fa_verdict otherwise;
    const char *advice;
} comparisons[] = {
    {"program", offsetof(struct fa_doctor_rank, program), FA_VERDICT_NOTE,
     "not the same file on all hosts; build it once and copy it, unless that is meant"},
    {"oneDNN", offsetof(struct fa_doctor_rank, onednn), FA_VERDICT_PROBLEM,
     "install the same version on all hosts, other ones give other numbers"},
    {"OpenBLAS", offsetof(struct fa_doctor_rank, blas), FA_VERDICT_PROBLEM,
     "install the same version on all hosts, other ones give other numbers"},
    {"HDF5", offsetof(struct fa_doctor_rank, hdf5), FA_VERDICT_NOTE,
     "install the same version on all hosts where you can"},
    {"processor", offsetof(struct fa_doctor_rank, cpu), FA_VERDICT_NOTE,
     "the slowest host sets the pace, and the last bits differ from those of equal hosts"},
    {"kernels", offsetof(struct fa_doctor_rank, kernels), FA_VERDICT_NOTE,
     "the last bits differ from those of equal hosts"},
};

fa_status fa_doctor_check_programs(struct fa_doctor *doctor)
{
    char text[FA_DOCTOR_TEXT / 2];

    if (!fa_invocation_speaks(doctor->invocation))
        return FA_OK;
    fa_doctor_find(doctor, FA_VERDICT_OK, "freeanchor", "%s with %s on %zu ranks of %zu host%s", FA_VERSION,
                   fa_comm_library(), doctor->n_ranks, doctor->n_hosts, doctor->n_hosts == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        const struct comparison *c = &comparisons[i];

        if (fa_doctor_compare(doctor, c->offset, text, sizeof text))
            fa_doctor_find(doctor, FA_VERDICT_OK, c->topic, "%s", text);
        else
            fa_doctor_find(doctor, c->otherwise, c->topic, "%s: %s", text, c->advice);
    }
    return FA_OK;
}
