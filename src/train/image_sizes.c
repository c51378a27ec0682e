#include "image_sizes.h"

#include <string.h>

#include "fa/memory.h"

/* Neighbours in a dataset are often of one size, so the newest are looked at first. */
static fa_status add(struct fa_image_sizes *sizes, struct fa_image_size size)
{
    for (size_t i = sizes->n; i-- > 0;)
        if (sizes->at[i].h == size.h && sizes->at[i].w == size.w)
            return FA_OK;
    FA_TRY(fa_reserve(&sizes->at, sizes->n + 1, sizeof *sizes->at, &sizes->room));
    sizes->at[sizes->n++] = size;
    return FA_OK;
}

static fa_status add_all(const struct fa_dataset *dataset, const struct fa_transform *transform,
                         struct fa_image_sizes *sizes)
{
    for (size_t r = 0; r < dataset->n_records; r++) {
        struct fa_image_size size;

        fa_sample_size(&dataset->records[r], transform, &size.h, &size.w);
        FA_TRY(add(sizes, size));
    }
    return FA_OK;
}

fa_status fa_image_sizes_list(const struct fa_dataset *dataset, const struct fa_transform *transform,
                              struct fa_image_sizes *out)
{
    struct fa_transform at_scale = *transform;

    *out = (struct fa_image_sizes){0};
    if (transform->scales.n == 0)
        return add_all(dataset, transform, out);
    for (int i = 0; i < transform->scales.n; i++) {
        memcpy(at_scale.scale, transform->scales.pair[i], sizeof at_scale.scale);
        FA_TRY(add_all(dataset, &at_scale, out));
    }
    return FA_OK;
}

struct fa_image_size fa_image_sizes_largest(const struct fa_image_sizes *sizes)
{
    struct fa_image_size largest = {0, 0};

    for (size_t i = 0; i < sizes->n; i++)
        if ((size_t)sizes->at[i].h * (size_t)sizes->at[i].w > (size_t)largest.h * (size_t)largest.w)
            largest = sizes->at[i];
    return largest;
}
