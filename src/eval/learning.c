#include "fa/learning.h"

#include <inttypes.h>

#include "fa/text.h"

/* With which a run of twice the least steps has a chance to show something. */
static int64_t enough_epochs(int64_t steps_per_epoch)
{
    return (2 * FA_FEW_STEPS + steps_per_epoch - 1) / steps_per_epoch;
}

void fa_learning_print_few(int64_t steps, int64_t steps_per_epoch, char *text, size_t size)
{
    text[0] = '\0';
    fa_text_add(text, size,
                "%" PRId64
                " steps are few: a detector seldom finds objects before some %d; train longer with --set "
                "train.epochs=",
                steps, FA_FEW_STEPS);
    if (steps_per_epoch > 0)
        fa_text_add(text, size, "%" PRId64 " or more", enough_epochs(steps_per_epoch));
    else
        fa_text_add(text, size, "N");
}

bool fa_learning_is_little(double ap, int64_t steps, int64_t steps_per_epoch, char *text, size_t size)
{
    char few[256];

    text[0] = '\0';
    if (!(ap >= 0 && ap < FA_LITTLE_AP))
        return false;
    fa_text_add(text, size, "this run has learnt next to nothing: its best AP is %.3f, below %.2f; ", ap,
                FA_LITTLE_AP);
    fa_learning_print_few(steps, steps_per_epoch, few, sizeof few);
    fa_text_add(
        text, size, "%s",
        steps < FA_FEW_STEPS
            ? few
            : "look at what it trains on (freeanchor browse: are boxes where objects are, do anchors "
              "fit?), whether the loss fell (freeanchor report), and whether objects are large enough "
              "at data.scale; then train longer");
    return true;
}
