#include "early_stop.h"

void fa_early_stop_note(struct fa_early_stop *stop, int64_t step, double ap)
{
    if (!(ap >= 0))
        return;
    if (stop->best_step == 0 || ap > stop->best)
        *stop = (struct fa_early_stop){.best = ap, .best_step = step};
    else
        stop->n_since++;
}
