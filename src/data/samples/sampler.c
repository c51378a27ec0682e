#include "fa/sampler.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/philox.h"
#include "repeat.h"

#define SMALLEST_SIDE 32 /* pixels; smaller images are no use in training */

/* The shuffled records of one epoch. */
struct order {
    int64_t epoch;      /* -1: none yet */
    uint32_t *shuffled; /* records, `length` of them */
};

struct fa_sampler {
    uint64_t seed;
    size_t n, length, epoch_size; /* records; with repeats; filled up */
    uint32_t *records;            /* those used, in the dataset's order */
    double *until;                /* repeat factors, added up; NULL: every record comes once */
    pthread_mutex_t lock;         /* of the orders */
    struct order orders[2];       /* the one asked for last comes first */
};

static bool has_annotation(const struct fa_dataset *dataset, const struct fa_record *record)
{
    for (size_t a = record->first; a < record->first + record->n; a++)
        if (!dataset->ignore[a])
            return true;
    return false;
}

static bool is_used(const struct fa_dataset *dataset, size_t i, bool keep_empty)
{
    const struct fa_record *record = &dataset->records[i];

    return record->w >= SMALLEST_SIDE && record->h >= SMALLEST_SIDE &&
           (keep_empty || has_annotation(dataset, record));
}

static fa_status list_records(struct fa_sampler *sampler, const struct fa_dataset *dataset, bool keep_empty)
{
    for (size_t i = 0; i < dataset->n_records; i++)
        if (is_used(dataset, i, keep_empty))
            sampler->records[sampler->n++] = (uint32_t)i;
    if (sampler->n == 0)
        return fa_fail(
            FA_EINVAL,
            "none of the %zu images can be trained on: each lacks annotations or has a side below %d "
            "pixels",
            dataset->n_records, SMALLEST_SIDE);
    return FA_OK;
}

static fa_status weigh_records(struct fa_sampler *sampler, const struct fa_dataset *dataset,
                               const struct fa_sampler_config *config)
{
    FA_TRY(fa_alloc(sampler->n, sizeof *sampler->until, &sampler->until));
    FA_TRY(fa_repeat_factors(dataset, sampler->records, sampler->n, config->repeat_threshold, config->weights,
                             sampler->until));
    if (sampler->until[sampler->n - 1] > UINT32_MAX)
        return fa_fail(FA_EINVAL,
                       "data.repeat_threshold and data.train_weights make an epoch of %.0f images, which is "
                       "too long",
                       sampler->until[sampler->n - 1]);
    sampler->length = (size_t)sampler->until[sampler->n - 1];
    return FA_OK;
}

static fa_status create(struct fa_sampler *sampler, const struct fa_dataset *dataset,
                        const struct fa_sampler_config *config)
{
    FA_TRY(fa_alloc(dataset->n_records, sizeof *sampler->records, &sampler->records));
    FA_TRY(list_records(sampler, dataset, config->keep_empty));
    sampler->length = sampler->n;
    if (config->repeat_threshold > 0 || config->weights != NULL)
        FA_TRY(weigh_records(sampler, dataset, config));
    for (int k = 0; k < 2; k++) {
        sampler->orders[k].epoch = -1;
        FA_TRY(fa_alloc(sampler->length, sizeof *sampler->orders[k].shuffled, &sampler->orders[k].shuffled));
    }
    sampler->epoch_size = (sampler->length + config->batch - 1) / config->batch * config->batch;
    return FA_OK;
}

fa_status fa_sampler_create(const struct fa_dataset *dataset, const struct fa_sampler_config *config,
                            struct fa_sampler **out)
{
    const size_t batch = config->batch;
    struct fa_sampler *sampler = NULL;
    fa_status st;

    if (batch < 1 || batch > UINT32_MAX || dataset->n_records > UINT32_MAX)
        return fa_fail(FA_EINVAL, "a batch of %zu cannot be drawn from %zu images; change train.batch", batch,
                       dataset->n_records);
    FA_TRY(fa_alloc_zero(1, sizeof *sampler, &sampler));
    sampler->seed = config->seed;
    pthread_mutex_init(&sampler->lock, NULL);
    st = create(sampler, dataset, config);
    if (st == FA_OK)
        *out = sampler;
    else
        fa_sampler_destroy(sampler);
    return st;
}

void fa_sampler_destroy(struct fa_sampler *sampler)
{
    if (sampler == NULL)
        return;
    pthread_mutex_destroy(&sampler->lock);
    fa_free(sampler->orders[0].shuffled);
    fa_free(sampler->orders[1].shuffled);
    fa_free(sampler->until);
    fa_free(sampler->records);
    fa_free(sampler);
}

size_t fa_sampler_records(const struct fa_sampler *sampler)
{
    return sampler->n;
}

size_t fa_sampler_records_of(const struct fa_sampler *sampler, const struct fa_dataset_part *part)
{
    size_t n = 0;

    for (size_t i = 0; i < sampler->n; i++)
        n += sampler->records[i] >= part->first && sampler->records[i] - part->first < part->n;
    return n;
}

size_t fa_sampler_length(const struct fa_sampler *sampler)
{
    return sampler->length;
}

size_t fa_sampler_epoch_size(const struct fa_sampler *sampler)
{
    return sampler->epoch_size;
}

/* A record whose factors reach over k whole numbers, all moved by one draw of the epoch, comes k times: that
   is its factor rounded up or down, and the factor on average. */
static void list_epoch(const struct fa_sampler *sampler, int64_t epoch, uint32_t *out)
{
    struct fa_random random;
    size_t n = 0;
    double shift;

    fa_random_init(&random, sampler->seed, FA_RANDOM_REPEAT, (uint64_t)epoch, 0);
    shift = fa_random_double(&random);
    for (size_t i = 0; i < sampler->n; i++) {
        const double end = i + 1 < sampler->n ? sampler->until[i] + shift : (double)sampler->length;

        while (n < sampler->length && (double)n + 1 <= end)
            out[n++] = sampler->records[i];
    }
}

/* Fisher and Yates, from the end. */
static void shuffle(const struct fa_sampler *sampler, int64_t epoch, uint32_t *out)
{
    struct fa_random random;

    fa_random_init(&random, sampler->seed, FA_RANDOM_ORDER, (uint64_t)epoch, 0);
    if (sampler->until != NULL)
        list_epoch(sampler, epoch, out);
    else
        memcpy(out, sampler->records, sampler->n * sizeof *out);
    for (size_t i = sampler->length - 1; i > 0; i--) {
        const uint32_t j = fa_random_below(&random, (uint32_t)i + 1);
        const uint32_t record = out[i];

        out[i] = out[j];
        out[j] = record;
    }
}

/* Near the end of an epoch threads ask for it and for the next one in turn: two are kept. */
static const uint32_t *order_of(struct fa_sampler *sampler, int64_t epoch)
{
    struct order *orders = sampler->orders;

    if (orders[0].epoch != epoch) {
        const struct order other = orders[1];

        orders[1] = orders[0];
        orders[0] = other;
    }
    if (orders[0].epoch != epoch) {
        shuffle(sampler, epoch, orders[0].shuffled);
        orders[0].epoch = epoch;
    }
    return orders[0].shuffled;
}

size_t fa_sampler_record(struct fa_sampler *sampler, int64_t epoch, size_t position)
{
    size_t record;

    pthread_mutex_lock(&sampler->lock);
    record = order_of(sampler, epoch)[position % sampler->length];
    pthread_mutex_unlock(&sampler->lock);
    return record;
}
