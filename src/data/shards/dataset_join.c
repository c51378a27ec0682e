/*
 * dataset_join.c - several datasets as one: their records end to end, under the classes of the first.
 */
#include <string.h>

#include "dataset_private.h"
#include "fa/hash.h"
#include "fa/memory.h"

/* What is joined, and whence; for messages. */
struct sources {
    struct fa_dataset *const *datasets;
    const char *const *paths;
    size_t n;
};

/* ---- whether they can be one ---- */

static fa_status require_different_contents(const struct sources *s)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < i; k++)
            if (s->datasets[i]->content_hash == s->datasets[k]->content_hash)
                return fa_fail(FA_EINVAL,
                               "%s and %s hold the same images and annotations; name one of them, with a "
                               "weight in data.train_weights where it should come more often",
                               s->paths[k], s->paths[i]);
    return FA_OK;
}

/* By its name; where several share that, by their order alone. */
static fa_status find_label(const struct sources *s, size_t part, size_t label, int32_t *out)
{
    const struct fa_dataset *first = s->datasets[0];
    const char *name = s->datasets[part]->categories[label].name;
    size_t n_found = 0;

    for (size_t k = 0; k < first->n_categories; k++)
        if (strcmp(first->categories[k].name, name) == 0) {
            n_found++;
            *out = (int32_t)k;
        }
    if (n_found == 1)
        return FA_OK;
    if (n_found == 0)
        return fa_fail(
            FA_EINVAL,
            "%s has the class \"%s\" and %s lacks it; name the dataset that has all classes first, "
            "or pack both with the same --classes",
            s->paths[part], name, s->paths[0]);
    return fa_fail(
        FA_EINVAL,
        "%s has %zu classes called \"%s\", so that of %s cannot be told by its name; pack both with "
        "the same list of categories",
        s->paths[0], n_found, name, s->paths[part]);
}

/* label_of: of each class of the part. */
static fa_status match_classes(const struct sources *s, size_t part, int32_t *label_of)
{
    const struct fa_dataset *dataset = s->datasets[part];
    const bool same = dataset->category_hash == s->datasets[0]->category_hash;

    for (size_t k = 0; k < dataset->n_categories; k++) {
        label_of[k] = (int32_t)k;
        if (!same)
            FA_TRY(find_label(s, part, k, &label_of[k]));
    }
    return FA_OK;
}

/* ---- the whole ---- */

static struct fa_manifest measure(const struct sources *s)
{
    struct fa_manifest whole = {.n_categories = s->datasets[0]->n_categories,
                                .category_hash = s->datasets[0]->category_hash,
                                .content_hash = FA_HASH_START};

    for (size_t i = 0; i < s->n; i++) {
        const uint64_t hashes[2] = {s->datasets[i]->content_hash, s->datasets[i]->category_hash};

        whole.n_records += s->datasets[i]->n_records;
        whole.n_annotations += s->datasets[i]->n_annotations;
        whole.content_hash = fa_hash(whole.content_hash, hashes, sizeof hashes);
    }
    return whole;
}

static void add_records(struct fa_open_dataset *d, const struct fa_dataset *part, size_t first_record,
                        size_t first_annotation)
{
    for (size_t i = 0; i < part->n_records; i++) {
        d->records[first_record + i] = part->records[i];
        d->records[first_record + i].first += first_annotation;
    }
}

static void add_annotations(struct fa_open_dataset *d, const struct fa_dataset *part, size_t first,
                            const int32_t *label_of)
{
    const size_t n = part->n_annotations;

    memcpy(d->bbox + first, part->bbox, n * sizeof *d->bbox);
    memcpy(d->annotation_id + first, part->annotation_id, n * sizeof *d->annotation_id);
    memcpy(d->area + first, part->area, n * sizeof *d->area);
    memcpy(d->crowd + first, part->crowd, n);
    memcpy(d->ignore + first, part->ignore, n);
    for (size_t a = 0; a < n; a++)
        d->label[first + a] = label_of[part->label[a]];
}

static fa_status add_part(struct fa_open_dataset *d, const struct sources *s, size_t part,
                          size_t first_annotation)
{
    const struct fa_dataset *dataset = s->datasets[part];
    struct fa_dataset_part *place = &d->parts[part];
    int32_t *label_of;
    fa_status status;

    FA_TRY(fa_strdup(s->paths[part], &place->path));
    place->n = dataset->n_records;
    FA_TRY(fa_alloc(dataset->n_categories, sizeof *label_of, &label_of));
    status = match_classes(s, part, label_of);
    if (status == FA_OK) {
        add_records(d, dataset, place->first, first_annotation);
        add_annotations(d, dataset, first_annotation, label_of);
    }
    fa_free(label_of);
    return status;
}

static fa_status add_parts(struct fa_open_dataset *d, const struct sources *s)
{
    size_t first_annotation = 0;

    FA_TRY(fa_alloc_zero(s->n, sizeof *d->parts, &d->parts));
    FA_TRY(fa_alloc_zero(s->n, sizeof *d->joined, &d->joined));
    d->n_parts = s->n;
    for (size_t i = 0; i < s->n; i++) {
        if (i > 0)
            d->parts[i].first = d->parts[i - 1].first + d->parts[i - 1].n;
        FA_TRY(add_part(d, s, i, first_annotation));
        first_annotation += s->datasets[i]->n_annotations;
        d->public.n_bytes += s->datasets[i]->n_bytes;
        d->public.n_index_bytes += s->datasets[i]->n_index_bytes;
    }
    memcpy(d->categories, s->datasets[0]->categories, s->datasets[0]->n_categories * sizeof *d->categories);
    return FA_OK;
}

/* It has no shards of its own: records lie with the parts. */
static fa_status join(struct fa_open_dataset *d, const struct sources *s)
{
    const struct fa_manifest whole = measure(s);

    FA_TRY(require_different_contents(s));
    FA_TRY(fa_open_dataset_allocate(d, &whole));
    FA_TRY(add_parts(d, s));
    fa_open_dataset_publish(d, &whole);
    return FA_OK;
}

fa_status fa_dataset_join(struct fa_dataset **datasets, const char *const *paths, size_t n,
                          struct fa_dataset **out)
{
    const struct sources sources = {datasets, paths, n};
    struct fa_open_dataset *d;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *d, &d));
    status = join(d, &sources);
    if (status != FA_OK) {
        fa_dataset_close(&d->public);
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        d->joined[i] = (struct fa_open_dataset *)datasets[i];
        fa_open_dataset_forget_annotations(d->joined[i]);
        datasets[i] = NULL;
    }
    *out = &d->public;
    return FA_OK;
}

size_t fa_dataset_part_of(const struct fa_dataset *dataset, size_t record)
{
    size_t part = dataset->n_parts;

    while (part > 0 && dataset->parts[part - 1].first > record)
        part--;
    return part > 0 ? part - 1 : 0;
}
