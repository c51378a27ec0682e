#include "pick.h"

#include <stdbool.h>

#include "fa/memory.h"

static bool qualifies(const struct fa_dataset *dataset, size_t r, int32_t label)
{
    const struct fa_record *record = &dataset->records[r];

    for (size_t a = record->first; label >= 0 && a < record->first + record->n; a++)
        if (dataset->label[a] == label)
            return true;
    return label < 0;
}

static size_t pick_first(const struct fa_dataset *dataset, const struct fa_pick *pick,
                         struct fa_picked *picked)
{
    const size_t n_records = fa_sampler_records(pick->sampler);
    size_t n = 0;

    for (size_t position = 0; position < n_records && n < pick->n; position++) {
        const size_t record = fa_sampler_record(pick->sampler, 0, position);

        if (qualifies(dataset, record, pick->label))
            picked[n++] = (struct fa_picked){record, position};
    }
    return n;
}

/* Number k of those that qualify is taken where k * n / all makes a step. */
static size_t pick_evenly(const struct fa_dataset *dataset, const struct fa_pick *pick,
                          struct fa_picked *picked)
{
    size_t n_all = 0, k = 0, n = 0, most;

    for (size_t r = 0; r < dataset->n_records; r++)
        n_all += qualifies(dataset, r, pick->label);
    most = n_all < pick->n ? n_all : pick->n;
    for (size_t r = 0; r < dataset->n_records && n < most; r++)
        if (qualifies(dataset, r, pick->label) && k++ >= n * n_all / most)
            picked[n++] = (struct fa_picked){r, 0};
    return n;
}

fa_status fa_pick_images(const struct fa_dataset *dataset, const struct fa_pick *pick,
                         struct fa_picked **picked, size_t *n)
{
    const size_t room = pick->n < dataset->n_records ? pick->n : dataset->n_records;

    FA_TRY(fa_alloc(room, sizeof **picked, picked));
    *n = pick->sampler != NULL ? pick_first(dataset, pick, *picked) : pick_evenly(dataset, pick, *picked);
    return FA_OK;
}
