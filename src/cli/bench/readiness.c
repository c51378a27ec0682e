#include "readiness.h"

#include "bench.h"
#include "fa/clock.h"
#include "fa/memory.h"

/* The deepest network has some three hundred. */
enum { MAX_LAYERS = 2048 };

fa_status fa_readiness_open(size_t max_repeats, struct fa_readiness_record *record)
{
    *record = (struct fa_readiness_record){.max_repeats = max_repeats};
    FA_TRY(fa_alloc(MAX_LAYERS, sizeof *record->elements, &record->elements));
    FA_TRY(fa_alloc(MAX_LAYERS * max_repeats, sizeof *record->seconds, &record->seconds));
    return fa_alloc(MAX_LAYERS, sizeof *record->median_s, &record->median_s);
}

void fa_readiness_free(struct fa_readiness_record *record)
{
    fa_free(record->median_s);
    fa_free(record->seconds);
    fa_free(record->elements);
    *record = (struct fa_readiness_record){0};
}

void fa_readiness_begin(struct fa_readiness_record *record)
{
    record->at = 0;
    record->begin_s = fa_clock_seconds();
}

void fa_readiness_add(struct fa_readiness_record *record, double seconds, size_t n)
{
    if (record->at == MAX_LAYERS)
        record->at--; /* two layers count as one */
    record->elements[record->at] = n;
    record->seconds[record->at * record->max_repeats + record->n_repeats] = seconds;
    record->at++;
}

void fa_readiness_note(void *context, size_t n)
{
    struct fa_readiness_record *record = context;

    fa_readiness_add(record, fa_clock_seconds() - record->begin_s, n);
}

void fa_readiness_keep(struct fa_readiness_record *record)
{
    record->n_repeats++;
}

void fa_readiness_finish(struct fa_readiness_record *record)
{
    for (size_t i = 0; i < record->at; i++)
        record->median_s[i] = fa_median(record->seconds + i * record->max_repeats, record->n_repeats);
    record->readiness = (struct fa_readiness){record->at, record->elements, record->median_s};
}

struct fa_json *fa_readiness_to_json(const struct fa_readiness *readiness)
{
    struct fa_json *rows = fa_json_new_array();

    for (size_t i = 0; i < readiness->n; i++) {
        struct fa_json *row = fa_json_new_object();

        fa_json_set(row, "s", fa_json_new_number(readiness->seconds[i]));
        fa_json_set(row, "elements", fa_json_new_number((double)readiness->elements[i]));
        fa_json_append(rows, row);
    }
    return rows;
}

/* Many times what any network has; what is computed for each MiB of them would take hours. */
static const struct fa_range elements_range = FA_WHOLE(0, 1e9);

const struct fa_range fa_readiness_seconds = FA_REAL(0, 1e6);

static fa_status read_rows(const struct fa_json *rows, struct fa_readiness_record *record)
{
    double seconds, last_s = 0;
    int64_t elements, last = 0;

    for (struct fa_json *row = fa_json_first(rows); row != NULL; row = fa_json_next(row)) {
        if (!fa_json_to_double(fa_json_get(row, "s"), &seconds) ||
            !fa_json_to_int(fa_json_get(row, "elements"), &elements) || seconds < last_s || elements < last ||
            !fa_range_holds(&fa_readiness_seconds, seconds) || !fa_range_holds(&elements_range, elements))
            return fa_fail(FA_EFORMAT,
                           "row %zu of \"readiness\" is not {\"s\": ..., \"elements\": ...}, each "
                           "no less than before",
                           record->at + 1);
        fa_readiness_add(record, seconds, (size_t)elements);
        last_s = seconds;
        last = elements;
    }
    if (last == 0)
        return fa_fail(FA_EFORMAT, "there is no \"readiness\"");
    return FA_OK;
}

fa_status fa_readiness_from_json(const struct fa_json *rows, struct fa_readiness_record *record)
{
    FA_TRY(fa_readiness_open(1, record));
    FA_TRY(read_rows(rows, record));
    fa_readiness_keep(record);
    fa_readiness_finish(record);
    return FA_OK;
}
