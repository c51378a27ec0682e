#include "truth.h"

#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"

struct image_place {
    int64_t id;
    size_t record;
};

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct image_place *)a)->id, y = ((const struct image_place *)b)->id;

    return x < y ? -1 : x > y;
}

static fa_status order_images(const struct fa_dataset *dataset, size_t n, size_t *image)
{
    struct image_place *place;

    FA_TRY(fa_alloc(n, sizeof *place, &place));
    for (size_t r = 0; r < n; r++)
        place[r] = (struct image_place){dataset->records[r].image_id, r};
    qsort(place, n, sizeof *place, by_id);
    for (size_t i = 0; i < n; i++)
        image[place[i].record] = i;
    fa_free(place);
    return FA_OK;
}

static size_t count_annotations(const struct fa_dataset *dataset, size_t n_records)
{
    size_t n = 0;

    for (size_t r = 0; r < n_records; r++)
        n += dataset->records[r].n;
    return n;
}

static void fill_gt(const struct fa_dataset *dataset, const struct fa_truth *truth)
{
    struct fa_metrics_gt *gt = truth->gt;

    for (size_t r = 0; r < truth->n_records; r++) {
        const struct fa_record *record = &dataset->records[r];

        for (size_t i = record->first; i < record->first + record->n; i++, gt++) {
            *gt = (struct fa_metrics_gt){.image = truth->image[r],
                                         .label = dataset->label[i],
                                         .area = dataset->area[i],
                                         .crowd = dataset->crowd[i]};
            memcpy(gt->bbox, dataset->bbox[i], sizeof gt->bbox);
        }
    }
}

fa_status fa_truth_take(const struct fa_dataset *dataset, size_t n_records, struct fa_truth *out)
{
    *out = (struct fa_truth){.n_records = n_records, .n = count_annotations(dataset, n_records)};
    FA_TRY(fa_alloc(n_records, sizeof *out->image, &out->image));
    FA_TRY(fa_alloc(out->n, sizeof *out->gt, &out->gt));
    FA_TRY(order_images(dataset, n_records, out->image));
    fill_gt(dataset, out);
    return FA_OK;
}

void fa_truth_clear(struct fa_truth *truth)
{
    fa_free(truth->image);
    fa_free(truth->gt);
    *truth = (struct fa_truth){0};
}
