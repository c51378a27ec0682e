/* What of the annotations and images can be used; all that cannot be is listed before anything is written. */
#include <inttypes.h>
#include <string.h>

#include "fa/log.h"
#include "fa/memory.h"
#include "fa/text.h"
#include "pack_exif.h"
#include "pack_split.h"
#include "packing.h"

/* What contradicts the rest of the annotation file is in none of its lists. */
static fa_status judge_faults(struct fa_packing *p)
{
    for (size_t i = 0; i < p->coco->n_faults; i++)
        FA_TRY(fa_rejects_add(&p->rejects, "%s", p->coco->faults[i]));
    if (p->config->fix == FA_PACK_DROP)
        p->report->n_dropped_items = p->coco->n_faults;
    else
        p->refused = p->refused || p->coco->n_faults > 0;
    return FA_OK;
}

static fa_status judge_images(struct fa_packing *p)
{
    FA_TRY(fa_decide_exif(p->coco, p->config->n_sources, p->config->exif, p->checks));
    for (size_t i = 0; i < p->coco->n_images; i++) {
        const struct fa_image_check *check = &p->checks[i];

        p->report->n_exif_ignored += check->complaint == NULL && check->exif_ignored;
        p->report->n_oriented += check->complaint == NULL && check->orientation != 1;
        if (check->complaint == NULL)
            continue;
        FA_TRY(fa_rejects_add(&p->rejects, "image %" PRId64 ": %s", p->coco->images[i].id, check->complaint));
        p->n_bad_images++;
        p->n_missing_images += check->is_missing;
        if (p->config->fix == FA_PACK_DROP)
            p->report->n_dropped_images++;
        else
            p->refused = true;
    }
    return FA_OK;
}

struct fa_object fa_packing_object(const struct fa_packing *p, size_t a, const double bbox[4])
{
    const struct fa_coco_annotation *annotation = &p->coco->annotations[a];
    const struct fa_coco_image *image = &p->coco->images[annotation->image];

    return (struct fa_object){.bbox = {bbox[0], bbox[1], bbox[2], bbox[3]},
                              .area = annotation->area,
                              .crowd = annotation->crowd,
                              .ignore = annotation->ignore,
                              .label = annotation->label,
                              .id = annotation->id,
                              .file_name = image->file_name,
                              .image_w = image->w,
                              .image_h = image->h};
}

static fa_status judge_box(struct fa_packing *p, size_t a)
{
    const struct fa_coco_annotation *annotation = &p->coco->annotations[a];
    const struct fa_coco_image *image = &p->coco->images[annotation->image];
    const struct fa_box_check check = fa_check_box(annotation->bbox, image->w, image->h, p->config->fix);
    struct fa_object object = fa_packing_object(p, a, annotation->bbox);

    p->boxes[a] = check;
    fa_census_look(&p->census, &object);
    if (p->checks[annotation->image].complaint == NULL && fa_box_is_packed(&check)) {
        memcpy(object.bbox, check.bbox, sizeof object.bbox);
        fa_census_count(&p->census, &object);
    }
    p->report->n_clipped_boxes += check.verdict == FA_BOX_CLIPPED;
    p->report->n_dropped_boxes += check.verdict == FA_BOX_DROPPED;
    p->refused = p->refused || check.verdict == FA_BOX_REFUSED;
    if (check.verdict == FA_BOX_KEPT)
        return FA_OK;
    return fa_rejects_add(&p->rejects,
                          "%s: annotation %" PRId64 ": box [%.10g %.10g %.10g %.10g] %s (image %dx%d)%s",
                          image->file_name, annotation->id, annotation->bbox[0], annotation->bbox[1],
                          annotation->bbox[2], annotation->bbox[3], check.complaint, image->w, image->h,
                          check.verdict == FA_BOX_CLIPPED   ? ": clipped"
                          : check.verdict == FA_BOX_DROPPED ? ": dropped"
                                                            : "");
}

static fa_status judge_boxes(struct fa_packing *p)
{
    const struct fa_coco *coco = p->coco;

    FA_TRY(fa_census_create(coco->n_categories, &p->census));
    for (size_t k = 0; k < coco->n_categories; k++)
        fa_census_set_class(&p->census, k, coco->categories[k].id, coco->categories[k].name);
    for (size_t a = 0; a < coco->n_annotations; a++)
        FA_TRY(judge_box(p, a));
    return fa_census_tell(&p->census, p->title);
}

/* Of images, whose files are missing or unfit. */
static void advise_on_images(const struct fa_packing *p, char *text, size_t size)
{
    const size_t n_found = p->coco->n_images - p->n_missing_images,
                 n_unfit = p->n_bad_images - p->n_missing_images;

    if (p->n_missing_images > 0)
        fa_text_add(text, size, "; %zu of %zu files found in %s: is the folder right?", n_found,
                    p->coco->n_images, p->images_title);
    if (n_unfit > 0)
        fa_text_add(text, size, "; replace the %zu image%s that cannot be used", n_unfit, fa_plural(n_unfit));
}

/* Clipping boxes that are written by another convention would hide the mistake. */
static void advise_on_boxes(const struct fa_packing *p, char *text, size_t size)
{
    if (fa_census_has_corners(&p->census))
        fa_text_add(text, size, "; the boxes look like x1 y1 x2 y2, write them as x y width height");
    else
        fa_text_add(text, size,
                    "; --fix clip cuts boxes at the border of their image and leaves out empty ones");
}

/* What helps against each kind of fault that was met. */
static void advise(const struct fa_packing *p, size_t n_boxes, char *text, size_t size)
{
    text[0] = '\0';
    if (p->n_bad_images > 0)
        advise_on_images(p, text, size);
    if (p->coco->n_faults > 0)
        fa_text_add(text, size, "; correct the annotations");
    if (n_boxes > 0)
        advise_on_boxes(p, text, size);
    if (p->n_bad_images < p->coco->n_images && !fa_census_has_corners(&p->census))
        fa_text_add(text, size, "; --fix drop leaves out all that cannot be used");
}

static fa_status refuse(struct fa_packing *p)
{
    const size_t n_images = p->coco->n_faulty_images + p->n_bad_images;
    const size_t n_annotations = p->coco->n_faults - p->coco->n_faulty_images;
    const size_t n_boxes = p->rejects.n - n_images - n_annotations;
    char advice[FA_MESSAGE_MAX / 2];

    advise(p, n_boxes, advice, sizeof advice);
    FA_TRY(fa_rejects_commit(&p->rejects));
    return fa_fail(
        FA_EFORMAT,
        "%s: %zu item%s cannot be used (images: %zu, annotations: %zu, boxes: %zu), the first: %s; all are "
        "listed in %s%s",
        p->title, p->rejects.n, fa_plural(p->rejects.n), n_images, n_annotations, n_boxes, p->rejects.first,
        p->rejects.path, advice);
}

/* A test set has no annotations, which is fine; one whose annotations are all unfit is a mistake. */
static fa_status require_objects(struct fa_packing *p)
{
    p->report->n_objects = p->census.of[FA_OBJECT_TRAINED];
    if (p->report->n_objects > 0 || p->coco->n_annotations + p->coco->n_faults == 0)
        return FA_OK;
    FA_TRY(fa_rejects_commit(&p->rejects));
    return fa_census_require_objects(&p->census, p->title);
}

fa_status fa_pack_judge_begin(struct fa_packing *p)
{
    FA_TRY(fa_alloc_zero(p->coco->n_images, sizeof *p->checks, &p->checks));
    FA_TRY(fa_alloc_zero(p->coco->n_annotations, sizeof *p->boxes, &p->boxes));
    FA_TRY(judge_faults(p));
    fa_info("checking %zu image%s", p->coco->n_images, fa_plural(p->coco->n_images));
    return FA_OK;
}

fa_status fa_pack_judge(struct fa_packing *p)
{
    FA_TRY(judge_images(p));
    FA_TRY(fa_tell_copies(p->coco, p->checks, p->title));
    FA_TRY(judge_boxes(p));
    return p->refused ? refuse(p) : require_objects(p);
}
