#include "pack_split.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "annotations/census_counts.h"
#include "fa/census.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/philox.h"
#include "fa/text.h"

enum { SEEDS = 1000 }; /* that are tried for one that meets the shares */

const char *const fa_pack_part_names[FA_PACK_MAX_PARTS] = {"train", "val", "test"};

/* ---- equal files ---- */

struct file {
    size_t n_bytes, image;
    uint32_t crc;
};

static int by_content(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    if (x->n_bytes != y->n_bytes)
        return x->n_bytes < y->n_bytes ? -1 : 1;
    if (x->crc != y->crc)
        return x->crc < y->crc ? -1 : 1;
    return (x->image > y->image) - (x->image < y->image);
}

/* One file under two ids is told of elsewhere. */
static bool is_copy(const struct fa_coco *coco, const struct file *a, const struct file *b)
{
    const struct fa_coco_image *x = &coco->images[a->image], *y = &coco->images[b->image];

    return a->n_bytes == b->n_bytes && a->crc == b->crc &&
           (x->source != y->source || strcmp(x->file_name, y->file_name) != 0);
}

static void tell_copies(const struct fa_coco *coco, const struct file *files, size_t n, const char *title)
{
    size_t n_copies = 0, first = 0;

    for (size_t i = 1; i < n; i++)
        if (is_copy(coco, &files[i - 1], &files[i]) && n_copies++ == 0)
            first = i;
    if (n_copies > 0)
        fa_warn("%s: %zu image%s whose file is a copy of another's, the first: %s, of %s", title, n_copies,
                fa_plural(n_copies), coco->images[files[first].image].file_name,
                coco->images[files[first - 1].image].file_name);
}

fa_status fa_tell_copies(const struct fa_coco *coco, const struct fa_image_check *checks, const char *title)
{
    struct file *files;
    size_t n = 0;

    FA_TRY(fa_alloc(coco->n_images, sizeof *files, &files));
    for (size_t i = 0; i < coco->n_images; i++)
        if (checks[i].complaint == NULL)
            files[n++] = (struct file){.n_bytes = checks[i].n_bytes, .crc = checks[i].crc, .image = i};
    qsort(files, n, sizeof *files, by_content);
    tell_copies(coco, files, n, title);
    fa_free(files);
    return FA_OK;
}

/* ---- parts ---- */

static uint8_t part_of_file(const struct fa_pack_split *split, uint64_t seed,
                            const struct fa_image_check *check)
{
    struct fa_random random;
    double place, end = 0;
    size_t part = 0;

    fa_random_init(&random, seed, FA_RANDOM_SPLIT, check->crc, (uint32_t)check->n_bytes);
    place = fa_random_double(&random);
    while (part + 1 < split->n_parts && place >= (end += split->share[part]))
        part++;
    return (uint8_t)part;
}

void fa_split_images(const struct fa_pack_split *split, const struct fa_image_check *checks, size_t n,
                     uint8_t *part_of)
{
    for (size_t i = 0; i < n; i++)
        part_of[i] = part_of_file(split, split->seed, &checks[i]);
}

/* ---- what the parts have ---- */

static fa_status count_part(const struct fa_packing *packing, size_t k, struct fa_census *out)
{
    const struct fa_pack_plan *plan = &packing->parts[k].plan;
    const struct fa_coco *coco = packing->coco;

    FA_TRY(fa_census_create(coco->n_categories, out));
    for (size_t c = 0; c < coco->n_categories; c++)
        fa_census_set_class(out, c, coco->categories[c].id, coco->categories[c].name);
    for (size_t i = 0; i < plan->n_images; i++)
        for (size_t a = plan->first[plan->images[i]]; a < plan->first[plan->images[i] + 1]; a++) {
            const size_t place = plan->annotations[a];
            const struct fa_object object = fa_packing_object(packing, place, packing->boxes[place].bbox);

            fa_census_count(out, &object);
        }
    return FA_OK;
}

static void warn_of_lacks(const struct fa_packing *packing, const struct fa_census *census, const char *part)
{
    char names[FA_MESSAGE_MAX / 4] = "";
    size_t n = 0;

    for (size_t c = 0; c < census->n_classes; c++)
        if (census->classes[c].n_trained == 0 && packing->census.classes[c].n_trained > 0)
            fa_text_add(names, sizeof names, "%s%.40s", n++ > 0 ? ", " : "", census->classes[c].name);
    if (n > 0)
        fa_warn(
            "%s has no object of %zu class%s that another part has: %s; another --seed may share them out",
            part, n, n == 1 ? "" : "es", names);
}

static fa_status tell_part(const struct fa_packing *packing, size_t k)
{
    const size_t n_images = packing->parts[k].plan.n_images;
    const char *name = fa_pack_part_names[k];
    struct fa_census census = {0};
    fa_status status = count_part(packing, k, &census);

    if (status == FA_OK) {
        fa_info("%s: %zu image%s, %zu object%s to train on", name, n_images, fa_plural(n_images),
                census.of[FA_OBJECT_TRAINED], fa_plural(census.of[FA_OBJECT_TRAINED]));
        status = fa_census_tell_counts(&census, name);
        warn_of_lacks(packing, &census, name);
    }
    fa_census_clear(&census);
    return status;
}

/* ---- shares that are missed ---- */

/* How many images each part has, of how many. */
struct tally {
    size_t n, of[FA_PACK_MAX_PARTS];
};

/* As this seed would draw them. */
static struct tally tally_of(const struct fa_packing *packing, uint64_t seed)
{
    struct tally tally = {0};

    for (size_t k = 0; k < packing->n_parts; k++) {
        const struct fa_pack_plan *plan = &packing->parts[k].plan;

        for (size_t i = 0; i < plan->n_images; i++)
            tally.of[part_of_file(&packing->config->split, seed, &packing->checks[plan->images[i]])]++;
        tally.n += plan->n_images;
    }
    return tally;
}

static double share_of(const struct fa_packing *packing, const struct tally *tally, size_t part)
{
    return packing->config->split.share[part] * (double)tally->n;
}

/* By how many images. */
static double miss_of(const struct fa_packing *packing, const struct tally *tally, size_t part)
{
    return fabs((double)tally->of[part] - share_of(packing, tally, part));
}

static bool meets_shares(const struct fa_packing *packing, const struct tally *tally)
{
    for (size_t k = 0; k < packing->n_parts; k++)
        if (miss_of(packing, tally, k) >= 1)
            return false;
    return true;
}

/* The part that misses its share by more than an image and a tenth of it, and by the largest part of it;
   their number: none does. */
static size_t find_missed(const struct fa_packing *packing, const struct tally *tally)
{
    size_t worst = packing->n_parts;
    double most = 0.1;

    for (size_t k = 0; k < packing->n_parts; k++) {
        const double miss = miss_of(packing, tally, k), part = miss / share_of(packing, tally, k);

        if (miss > 1 && part > most) {
            worst = k;
            most = part;
        }
    }
    return worst;
}

/* The first seed that gives every part its share, but for less than an image. */
static bool find_seed(const struct fa_packing *packing, uint64_t *seed)
{
    for (*seed = 0; *seed < SEEDS; ++*seed) {
        const struct tally tally = tally_of(packing, *seed);

        if (meets_shares(packing, &tally))
            return true;
    }
    return false;
}

static void tell_missed(const struct fa_packing *packing)
{
    const struct tally tally = tally_of(packing, packing->config->split.seed);
    const size_t part = find_missed(packing, &tally);
    char other[64] = "another --seed gives other counts";
    uint64_t seed;

    if (part == packing->n_parts)
        return;
    if (find_seed(packing, &seed))
        snprintf(other, sizeof other, "with --seed %" PRIu64 " all shares are met", seed);
    fa_warn("%s has %zu of %zu images, %.0f %%, where %g %% were asked for: each image's part is drawn from "
            "its own "
            "bytes, so that it stays there when others are added, and shares hold only on average; %s",
            fa_pack_part_names[part], tally.of[part], tally.n, 100 * (double)tally.of[part] / (double)tally.n,
            100 * packing->config->split.share[part], other);
}

/* ---- the whole ---- */

fa_status fa_split_tell(const struct fa_packing *packing)
{
    for (size_t k = 0; k < packing->n_parts; k++)
        FA_TRY(tell_part(packing, k));
    tell_missed(packing);
    return FA_OK;
}
