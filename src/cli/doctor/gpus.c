/*
 * gpus.c - what hosts have for GPUs. That none has anything is in order; that some have, or that one lacks a
 * part, is worth a note.
 */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "doctor.h"

/* Of the driver's module: a host that has it is to compute on a GPU. */
#define DRIVER "/dev/nvidiactl"

void fa_doctor_describe_gpus(struct fa_doctor_rank *rank)
{
    fa_cuda_survey(rank->for_gpus);
    rank->wants_gpus = rank->for_gpus[FA_CUDA_PART_RUNTIME].is_there || access(DRIVER, F_OK) == 0;
}

static void compare(struct fa_doctor *doctor, enum fa_cuda_part part)
{
    const struct fa_cuda_finding *first = &doctor->rank[0].for_gpus[part];
    char text[FA_DOCTOR_TEXT / 2];

    if (fa_doctor_compare(doctor, offsetof(struct fa_doctor_rank, for_gpus[part].text), text, sizeof text))
        fa_doctor_find(doctor, first->is_there ? FA_VERDICT_OK : FA_VERDICT_NOTE, fa_cuda_part_names[part],
                       "%s%s", first->is_there ? "" : "not here: ", first->text);
    else
        fa_doctor_find(doctor, FA_VERDICT_NOTE, fa_cuda_part_names[part],
                       "%s: --backend cuda needs it on all hosts, and alike for the same bits", text);
}

fa_status fa_doctor_check_gpus(struct fa_doctor *doctor)
{
    bool are_wanted = false;

    if (!fa_invocation_speaks(doctor->invocation))
        return FA_OK;
    for (size_t r = 0; r < doctor->n_ranks; r++)
        are_wanted = are_wanted || doctor->rank[r].wants_gpus;
    if (!are_wanted) {
        fa_doctor_find(doctor, FA_VERDICT_OK, "GPUs", "none: %s",
                       doctor->rank[0].for_gpus[FA_CUDA_PART_RUNTIME].text);
        return FA_OK;
    }
    for (int part = 0; part < FA_CUDA_PARTS; part++)
        compare(doctor, (enum fa_cuda_part)part);
    return FA_OK;
}
