/*
 * case.c - an image that broke the loss, kept for a closer look.
 */
#include "fa/case.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "training.h"

void fa_training_keep_case(const struct fa_training *t, const struct fa_sample *sample)
{
    struct fa_case view;
    char *path = NULL;
    fa_status status = fa_asprintf(&path, "%s/case_step_%lld_image_%lld.h5", t->run->work_dir,
                                   (long long)t->state.progress.step, (long long)sample->image_id);

    fa_case_of_sample(sample, &view);
    if (status == FA_OK)
        status = fa_case_write(path, &view);
    if (status == FA_OK)
        fa_warn("the image and its objects are kept in %s", path);
    else
        fa_warn("the image could not be kept: %s", fa_message());
    fa_free(path);
}
