#include "coco_fault.h"

#include "fa/memory.h"

fa_status fa_coco_keep_fault(struct fa_coco *coco, fa_status status)
{
    const size_t n = coco->n_faults;

    if (status != FA_EFORMAT)
        return status;
    if ((n & (n + 1)) == 0) /* full: there is room for one less than a power of two */
        FA_TRY(fa_realloc(&coco->faults, 2 * n + 1, sizeof *coco->faults));
    FA_TRY(fa_strdup(fa_message(), &coco->faults[n]));
    coco->n_faults++;
    return FA_OK;
}
