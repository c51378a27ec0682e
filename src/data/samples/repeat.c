#include "repeat.h"

#include <math.h>

#include "fa/memory.h"

/* An annotation counts as in the choice of records: crowds do, ignored ones do not. */
static bool counts(const struct fa_dataset *dataset, size_t annotation)
{
    return !dataset->ignore[annotation];
}

/* images[c]: of the records, those that show class c. seen has room for a mark a class. */
static void count_images(const struct fa_dataset *dataset, const uint32_t *records, size_t n, size_t *images,
                         size_t *seen)
{
    for (size_t i = 0; i < n; i++) {
        const struct fa_record *record = &dataset->records[records[i]];

        for (size_t a = record->first; a < record->first + record->n; a++) {
            const size_t c = (size_t)dataset->label[a];

            if (counts(dataset, a) && seen[c] != i + 1) {
                seen[c] = i + 1;
                images[c]++;
            }
        }
    }
}

/* Of an image that of its rarest class: max over classes of max(1, sqrt(threshold / frequency)). */
static double factor_of(const struct fa_dataset *dataset, const struct fa_record *record,
                        const size_t *images, size_t n, double threshold)
{
    double factor = 1;

    for (size_t a = record->first; a < record->first + record->n; a++)
        if (counts(dataset, a))
            factor = fmax(factor, sqrt(threshold * (double)n / (double)images[dataset->label[a]]));
    return factor;
}

static double weight_of(const struct fa_dataset *dataset, size_t record, const float *weights)
{
    return weights != NULL ? (double)weights[fa_dataset_part_of(dataset, record)] : 1;
}

fa_status fa_repeat_factors(const struct fa_dataset *dataset, const uint32_t *records, size_t n,
                            double threshold, const float *weights, double *until)
{
    size_t *images;
    double sum = 0;

    FA_TRY(fa_alloc_zero(2 * dataset->n_categories + 1, sizeof *images, &images));
    count_images(dataset, records, n, images, images + dataset->n_categories);
    for (size_t i = 0; i < n; i++)
        until[i] = sum += factor_of(dataset, &dataset->records[records[i]], images, n, threshold) *
                          weight_of(dataset, records[i], weights);
    for (size_t i = 0; i < n; i++) /* so little that it does not show: the epoch has a whole length */
        until[i] *= ceil(sum) / sum;
    until[n - 1] = ceil(sum);
    fa_free(images);
    return FA_OK;
}
