/*
 * clocks.c - whether logs and file times of different hosts can be compared.
 */
#include <math.h>

#include "doctor.h"

#define SECONDS_ALLOWED 1.0

fa_status fa_doctor_check_clocks(struct fa_doctor *doctor)
{
    const struct fa_doctor_rank *worst;
    double ahead;

    fa_comm_clock_offset(doctor->comm, &doctor->mine.clock_ahead_s);
    FA_TRY(fa_doctor_collect(doctor));
    if (doctor->n_hosts < 2)
        return FA_OK;
    worst = &doctor->rank[0];
    for (size_t r = 1; r < doctor->n_ranks; r++)
        if (fabs(doctor->rank[r].clock_ahead_s) > fabs(worst->clock_ahead_s))
            worst = &doctor->rank[r];
    ahead = worst->clock_ahead_s;
    if (fabs(ahead) <= SECONDS_ALLOWED)
        fa_doctor_find(doctor, FA_VERDICT_OK, "clocks", "no further than %.2g s from that of %s", fabs(ahead),
                       doctor->mine.host);
    else
        fa_doctor_find(
            doctor, FA_VERDICT_NOTE, "clocks",
            "%s is %.3g s %s %s: times in logs and of files cannot be compared; let NTP set the clocks",
            worst->host, fabs(ahead), ahead > 0 ? "ahead of" : "behind", doctor->mine.host);
    fa_report_number(doctor->invocation, "clock_difference_s", fabs(ahead));
    return FA_OK;
}
