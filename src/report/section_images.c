/*
 * section_images.c - the images with most wrong detections, and with most objects that are not found: the
 * truth beside the detections.
 */
#include <stdlib.h>

#include "fa/log.h"
#include "fa/memory.h"
#include "overlay.h"
#include "section.h"
#include "thumbnail.h"

/* Names are readable in a drawing that is shown at three quarters of its size; the picture in it is sharper.
 */
enum { EACH = 6, SIDE = 384, PIXELS = 640, MOST_BOXES = 150 };
static const size_t most_bytes = (size_t)2 << 20; /* of JPEGs */

struct wrong {
    size_t image, n_wrong, n_missed;
};

struct gallery {
    struct fa_page *page;
    const struct fa_found *found;
    struct fa_rendering rendering;
    size_t n_bytes; /* of JPEGs so far */
    size_t n_listed, listed[2 * EACH];
};

/* ---- which images ---- */

static bool is_wrong(uint8_t fate)
{
    return fate == FA_FATE_WRONG || fate == FA_FATE_CONFUSED;
}

static fa_status count_wrong(const struct fa_found *found, struct wrong **out)
{
    const struct fa_metrics_input *input = &found->set.input;

    FA_TRY(fa_alloc_zero(input->n_images, sizeof **out, out));
    for (size_t i = 0; i < input->n_images; i++)
        (*out)[i].image = i;
    for (size_t d = 0; d < input->n_detections; d++)
        (*out)[input->detections[d].image].n_wrong += is_wrong(found->analysis.fate_of_detection[d]);
    for (size_t g = 0; g < input->n_gt; g++)
        (*out)[input->gt[g].image].n_missed += is_wrong(found->analysis.fate_of_gt[g]);
    return FA_OK;
}

static int most_wrong_first(const void *x, const void *y)
{
    const struct wrong *a = x, *b = y;

    if (a->n_wrong != b->n_wrong)
        return a->n_wrong > b->n_wrong ? -1 : 1;
    return a->image < b->image ? -1 : 1;
}

static int most_missed_first(const void *x, const void *y)
{
    const struct wrong *a = x, *b = y;

    if (a->n_missed != b->n_missed)
        return a->n_missed > b->n_missed ? -1 : 1;
    return a->image < b->image ? -1 : 1;
}

/* ---- the boxes of an image ---- */

static const struct fa_record *record_of(const struct fa_found *found, size_t image)
{
    return &found->dataset->records[found->set.record[image]];
}

/* Of the drawing, whose longer side is SIDE whatever the image's. */
static double unit_of(const struct fa_record *record)
{
    const int longer = record->w > record->h ? record->w : record->h;

    return longer > 0 ? (double)SIDE / longer : 1;
}

static struct fa_overlay_box box_of(const double bbox[4], double unit, uint8_t fate, const char *name,
                                    double score)
{
    static const char *const looks[] = {[FA_FATE_NONE] = "crowd",
                                        [FA_FATE_RIGHT] = "right",
                                        [FA_FATE_CONFUSED] = "confused",
                                        [FA_FATE_WRONG] = "wrong"};
    static const int ranks[] = {
        [FA_FATE_NONE] = 3, [FA_FATE_RIGHT] = 2, [FA_FATE_CONFUSED] = 0, [FA_FATE_WRONG] = 1};

    return (struct fa_overlay_box){.x = bbox[0] * unit,
                                   .y = bbox[1] * unit,
                                   .w = bbox[2] * unit,
                                   .h = bbox[3] * unit,
                                   .look = looks[fate],
                                   .name = is_wrong(fate) ? name : NULL,
                                   .score = score,
                                   .rank = ranks[fate]};
}

static size_t list_truth(const struct fa_found *found, size_t image, double unit,
                         struct fa_overlay_box boxes[MOST_BOXES])
{
    const struct fa_metrics_input *input = &found->set.input;
    size_t n = 0;

    for (size_t g = 0; g < input->n_gt && n < MOST_BOXES; g++)
        if (input->gt[g].image == image)
            boxes[n++] = box_of(input->gt[g].bbox, unit, found->analysis.fate_of_gt[g],
                                fa_found_class(found, (size_t)input->gt[g].label), -1);
    return n;
}

static size_t list_detections(const struct fa_found *found, size_t image, double unit,
                              struct fa_overlay_box boxes[MOST_BOXES])
{
    const struct fa_metrics_input *input = &found->set.input;
    size_t n = 0;

    for (size_t d = 0; d < input->n_detections && n < MOST_BOXES; d++)
        if (input->detections[d].image == image && found->analysis.fate_of_detection[d] != FA_FATE_NONE)
            boxes[n++] =
                box_of(input->detections[d].bbox, unit, found->analysis.fate_of_detection[d],
                       fa_found_class(found, (size_t)input->detections[d].label), input->detections[d].score);
    return n;
}

/* ---- pictures ---- */

/* What cannot be read leaves its place empty. */
static void define_picture(struct gallery *gallery, size_t image, double w, double h)
{
    struct fa_page *page = gallery->page;
    uint8_t *jpeg;
    size_t n_bytes;

    if (gallery->n_bytes > most_bytes || page->status != FA_OK)
        return;
    if (fa_thumbnail_make(gallery->found->dataset, gallery->found->set.record[image], &gallery->rendering,
                          PIXELS, &jpeg, &n_bytes) != FA_OK) {
        fa_warn("the report leaves out a picture: %s", fa_message());
        return;
    }
    fa_page_add(
        page,
        "<svg width=0 height=0 style=\"position:absolute;width:0\" aria-hidden=true><defs><image id=i%zu "
        "width=%.1f height=%.1f preserveAspectRatio=none href=\"data:image/jpeg;base64,",
        image, w, h);
    fa_page_base64(page, jpeg, n_bytes);
    fa_page_put(page, "\"/></defs></svg>");
    fa_free(jpeg);
    gallery->n_bytes += n_bytes;
}

static void draw_picture(struct gallery *gallery, size_t image, const char *what, double w, double h,
                         struct fa_overlay_box *boxes, size_t n)
{
    struct fa_page *page = gallery->page;
    size_t n_unnamed;

    fa_page_add(page, "<div><svg viewBox=\"0 0 %.1f %.1f\" role=img aria-label=\"%s\"><use href=\"#i%zu\"/>",
                w, h, what, image);
    n_unnamed = fa_overlay_draw(page, w, h, boxes, n);
    fa_page_add(page, "</svg><small>%s", what);
    if (n_unnamed > 0)
        fa_page_add(page, "; %zu name%s had no room", n_unnamed, n_unnamed == 1 ? "" : "s");
    fa_page_put(page, "</small></div>");
}

static void put_caption(struct fa_page *page, const struct fa_record *record, const struct wrong *wrong)
{
    fa_page_put(page, "<figcaption><b style=\"overflow-wrap:anywhere\">");
    fa_page_text(page, record->file_name);
    fa_page_add(page, "</b><small>%zu wrong detection%s, %zu object%s not found</small></figcaption>",
                wrong->n_wrong, wrong->n_wrong == 1 ? "" : "s", wrong->n_missed,
                wrong->n_missed == 1 ? "" : "s");
}

static void show(struct gallery *gallery, const struct wrong *wrong)
{
    const struct fa_record *record = record_of(gallery->found, wrong->image);
    const double unit = unit_of(record), w = record->w * unit, h = record->h * unit;
    struct fa_overlay_box boxes[MOST_BOXES];
    size_t n;

    fa_page_put(gallery->page, "<figure>");
    put_caption(gallery->page, record, wrong);
    define_picture(gallery, wrong->image, w, h);
    fa_page_put(gallery->page, "<div class=pair>");
    n = list_truth(gallery->found, wrong->image, unit, boxes);
    draw_picture(gallery, wrong->image, "truth", w, h, boxes, n);
    n = list_detections(gallery->found, wrong->image, unit, boxes);
    draw_picture(gallery, wrong->image, "detections", w, h, boxes, n);
    fa_page_put(gallery->page, "</div></figure>\n");
}

/* ---- the whole ---- */

static bool is_listed(const struct gallery *gallery, size_t image)
{
    for (size_t i = 0; i < gallery->n_listed; i++)
        if (gallery->listed[i] == image)
            return true;
    return false;
}

/* Of those that are not shown already. */
static void show_worst(struct gallery *gallery, const char *title, struct wrong *wrong, bool by_misses)
{
    const size_t n_images = gallery->found->set.input.n_images, before = gallery->n_listed;

    qsort(wrong, n_images, sizeof *wrong, by_misses ? most_missed_first : most_wrong_first);
    for (size_t i = 0; i < n_images && gallery->n_listed < before + EACH; i++) {
        if ((by_misses ? wrong[i].n_missed : wrong[i].n_wrong) == 0)
            break;
        if (is_listed(gallery, wrong[i].image))
            continue;
        if (gallery->n_listed == before)
            fa_page_add(gallery->page, "<h3>%s</h3><div class=images>\n", title);
        gallery->listed[gallery->n_listed++] = wrong[i].image;
        show(gallery, &wrong[i]);
    }
    if (gallery->n_listed > before)
        fa_page_put(gallery->page, "</div>\n");
}

void fa_section_images(struct fa_page *page, const struct fa_report_run *run, const struct fa_found *found)
{
    struct gallery gallery = {.page = page, .found = found, .rendering = fa_report_run_rendering(run)};
    struct wrong *wrong = NULL;

    if (found->dataset == NULL || page->status != FA_OK)
        return;
    page->status = count_wrong(found, &wrong);
    if (page->status == FA_OK) {
        fa_page_put(page,
                    "<h2>Images with most errors</h2><p class=soft>Truth beside detections, which score at "
                    "least the threshold of their class. Only errors are named. Thick and orange: an object "
                    "that is not found, a detection of nothing. Dashed and yellow: taken for another class. "
                    "Thin and blue: found and right. Dotted: a crowd.</p>\n");
        show_worst(&gallery, "Most wrong detections", wrong, false);
        show_worst(&gallery, "Most objects not found, of the other images", wrong, true);
    }
    fa_free(wrong);
}
