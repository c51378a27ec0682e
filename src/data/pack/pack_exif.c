#include "pack_exif.h"

#include "fa/log.h"
#include "fa/memory.h"

/* Images, and the first of them. */
struct group {
    size_t n;
    const char *first;
};

/* What the sizes say: nothing, that boxes are on turned pictures, or on pictures as stored. */
struct evidence {
    struct group of[3];
};

static void add(struct group *group, const struct fa_coco_image *image)
{
    if (group->n++ == 0)
        group->first = image->file_name;
}

static struct evidence gather(const struct fa_coco *coco, size_t source, const struct fa_image_check *checks)
{
    struct evidence evidence = {0};

    for (size_t i = 0; i < coco->n_images; i++)
        if (coco->images[i].source == source && checks[i].complaint == NULL && checks[i].exif != 1)
            add(&evidence.of[checks[i].size], &coco->images[i]);
    return evidence;
}

static void warn(const struct evidence *evidence, bool turn)
{
    const struct group *open = &evidence->of[FA_SIZE_TELLS_NOTHING],
                       *turned = &evidence->of[FA_SIZE_IS_TURNED], *stored = &evidence->of[FA_SIZE_IS_STORED];
    const char *done = turn ? "turned by it" : "left as stored";

    if (turned->n > 0 && stored->n > 0)
        fa_warn(
            "EXIF orientation: %zu images were annotated as turned (first: %s), %zu as stored (first: %s); "
            "each is taken so, and the %zu whose size fits either way are %s, as most are; --exif apply or "
            "ignore decides for all",
            turned->n, turned->first, stored->n, stored->first, open->n, done);
    else if (stored->n > 0)
        fa_warn("EXIF orientation: %zu images were annotated as stored (first: %s); it is ignored in all, "
                "also in the %zu whose size fits either way",
                stored->n, stored->first, open->n);
    else if (open->n > 0 && turned->n == 0)
        fa_warn("EXIF orientation: %zu images have one, and their size fits whether they were annotated as "
                "turned or not (first: %s); they are turned by it; give --exif ignore if they were "
                "annotated as stored",
                open->n, open->first);
}

static fa_status settle(const struct fa_coco_image *image, enum fa_pack_exif choice, bool turn,
                        struct fa_image_check *check)
{
    if (choice == FA_PACK_EXIF_APPLY && check->size == FA_SIZE_IS_STORED)
        return fa_asprintf(&check->complaint, "%s: EXIF turns it to %dx%d, the annotation file has %dx%d",
                           image->file_name, image->h, image->w, image->w, image->h);
    if (choice == FA_PACK_EXIF_IGNORE && check->size == FA_SIZE_IS_TURNED)
        return fa_asprintf(&check->complaint, "%s: is stored as %dx%d, the annotation file has %dx%d",
                           image->file_name, image->h, image->w, image->w, image->h);
    if (check->size != FA_SIZE_TELLS_NOTHING)
        turn = check->size == FA_SIZE_IS_TURNED;
    check->orientation = turn ? check->exif : 1;
    check->exif_ignored = !turn && check->exif != 1;
    return FA_OK;
}

static fa_status decide(const struct fa_coco *coco, size_t source, enum fa_pack_exif choice,
                        struct fa_image_check *checks)
{
    const struct evidence evidence = gather(coco, source, checks);
    const bool most_turned = evidence.of[FA_SIZE_IS_TURNED].n >= evidence.of[FA_SIZE_IS_STORED].n;
    const bool turn = choice == FA_PACK_EXIF_DECIDE ? most_turned : choice == FA_PACK_EXIF_APPLY;

    if (choice == FA_PACK_EXIF_DECIDE)
        warn(&evidence, turn);
    for (size_t i = 0; i < coco->n_images; i++)
        if (coco->images[i].source == source && checks[i].complaint == NULL)
            FA_TRY(settle(&coco->images[i], choice, turn, &checks[i]));
    return FA_OK;
}

fa_status fa_decide_exif(const struct fa_coco *coco, size_t n_sources, enum fa_pack_exif choice,
                         struct fa_image_check *checks)
{
    for (size_t source = 0; source < n_sources; source++)
        FA_TRY(decide(coco, source, choice, checks));
    return FA_OK;
}
