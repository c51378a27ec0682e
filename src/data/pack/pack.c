/*
 * pack.c - from a COCO file and its images to a dataset: look at everything, then write everything.
 *
 * Images are read twice, once to be judged and once to be copied, so that nothing is written before all are
 * known to be good, the space needed is known beforehand, and no image has to stay in memory.
 */
#include <inttypes.h>
#include <string.h>

#include "annotations/coco_name.h"
#include "fa/census.h"
#include "fa/file.h"
#include "fa/hash.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "fa/shard.h"
#include "fa/text.h"
#include "pack_boxes.h"
#include "pack_exif.h"
#include "pack_images.h"
#include "pack_plan.h"
#include "pack_rejects.h"
#include "pack_stage.h"
#include "shards/manifest.h"
#include "shards/shard_write.h"

struct packing {
    const struct fa_pack_config *config;
    struct fa_pack_report *report;
    struct fa_pack_stage stage;
    struct fa_rejects rejects;
    struct fa_coco *coco;
    struct fa_image_folder folder;
    struct fa_census census;
    struct fa_image_check *checks;         /* per image */
    size_t n_bad_images, n_missing_images; /* with a complaint; those whose file is not there */
    struct fa_box_check *boxes;            /* per annotation */
    struct fa_pack_plan plan;
    struct fa_manifest manifest;
    bool refused; /* something cannot be used, and may not be left out either */
};

/* ---- judging ---- */

/* What contradicts the rest of the annotation file is in none of its lists. */
static fa_status judge_faults(struct packing *p)
{
    for (size_t i = 0; i < p->coco->n_faults; i++)
        FA_TRY(fa_rejects_add(&p->rejects, "%s", p->coco->faults[i]));
    if (p->config->fix == FA_PACK_DROP)
        p->report->n_dropped_items = p->coco->n_faults;
    else
        p->refused = p->refused || p->coco->n_faults > 0;
    return FA_OK;
}

static fa_status judge_names(struct packing *p)
{
    const struct fa_coco_image *images = p->coco->images;
    size_t n, pair[2];

    FA_TRY(fa_coco_names_mend(p->coco, p->config->image_directory, &n));
    FA_TRY(fa_coco_names_repeated(p->coco, &n, pair));
    if (n > 0)
        fa_warn("%s: %zu images name a file that another image names, too; the first: %s has ids %" PRId64
                " and %" PRId64,
                p->config->annotation_path, n, images[pair[0]].file_name, images[pair[0]].id,
                images[pair[1]].id);
    return FA_OK;
}

static fa_status judge_images(struct packing *p)
{
    FA_TRY(fa_check_images(p->coco, &p->folder, p->config->n_threads, p->checks));
    FA_TRY(fa_decide_exif(p->coco, p->config->exif, p->checks));
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

static struct fa_object object_of(const struct fa_coco_annotation *annotation,
                                  const struct fa_coco_image *image)
{
    const double *b = annotation->bbox;

    return (struct fa_object){.bbox = {b[0], b[1], b[2], b[3]},
                              .area = annotation->area,
                              .crowd = annotation->crowd,
                              .ignore = annotation->ignore,
                              .label = annotation->label,
                              .id = annotation->id,
                              .file_name = image->file_name,
                              .image_w = image->w,
                              .image_h = image->h};
}

static fa_status judge_box(struct packing *p, size_t a)
{
    const struct fa_coco_annotation *annotation = &p->coco->annotations[a];
    const struct fa_coco_image *image = &p->coco->images[annotation->image];
    const struct fa_box_check check = fa_check_box(annotation->bbox, image->w, image->h, p->config->fix);
    struct fa_object object = object_of(annotation, image);

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

static fa_status judge_boxes(struct packing *p)
{
    const struct fa_coco *coco = p->coco;

    FA_TRY(fa_census_create(coco->n_categories, &p->census));
    for (size_t k = 0; k < coco->n_categories; k++)
        fa_census_set_class(&p->census, k, coco->categories[k].id, coco->categories[k].name);
    for (size_t a = 0; a < coco->n_annotations; a++)
        FA_TRY(judge_box(p, a));
    return fa_census_tell(&p->census, p->config->annotation_path);
}

/* Of images, whose files are missing or unfit. */
static void advise_on_images(const struct packing *p, char *text, size_t size)
{
    const size_t n_found = p->coco->n_images - p->n_missing_images,
                 n_unfit = p->n_bad_images - p->n_missing_images;

    if (p->n_missing_images > 0)
        fa_text_add(text, size, "; %zu of %zu files found in %s: is the folder right?", n_found,
                    p->coco->n_images, p->config->image_directory);
    if (n_unfit > 0)
        fa_text_add(text, size, "; replace the %zu image%s that cannot be used", n_unfit, fa_plural(n_unfit));
}

/* Clipping boxes that are written by another convention would hide the mistake. */
static void advise_on_boxes(const struct packing *p, char *text, size_t size)
{
    if (fa_census_has_corners(&p->census))
        fa_text_add(text, size, "; the boxes look like x1 y1 x2 y2, write them as x y width height");
    else
        fa_text_add(text, size,
                    "; --fix clip cuts boxes at the border of their image and leaves out empty ones");
}

/* What helps against each kind of fault that was met. */
static void advise(const struct packing *p, size_t n_boxes, char *text, size_t size)
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

static fa_status refuse(struct packing *p)
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
        p->config->annotation_path, p->rejects.n, fa_plural(p->rejects.n), n_images, n_annotations, n_boxes,
        p->rejects.first, p->rejects.path, advice);
}

/* A test set has no annotations, which is fine; one whose annotations are all unfit is a mistake. */
static fa_status require_objects(struct packing *p)
{
    p->report->n_objects = p->census.of[FA_OBJECT_TRAINED];
    if (p->report->n_objects > 0 || p->coco->n_annotations + p->coco->n_faults == 0)
        return FA_OK;
    FA_TRY(fa_rejects_commit(&p->rejects));
    return fa_census_require_objects(&p->census, p->config->annotation_path);
}

static fa_status judge(struct packing *p)
{
    FA_TRY(fa_alloc_zero(p->coco->n_images, sizeof *p->checks, &p->checks));
    FA_TRY(fa_alloc_zero(p->coco->n_annotations, sizeof *p->boxes, &p->boxes));
    FA_TRY(judge_faults(p));
    FA_TRY(judge_names(p));
    fa_info("checking %zu image%s", p->coco->n_images, fa_plural(p->coco->n_images));
    FA_TRY(judge_images(p));
    FA_TRY(judge_boxes(p));
    return p->refused ? refuse(p) : require_objects(p);
}

/* ---- writing ---- */

static size_t count_shards(const struct packing *p)
{
    size_t n = 0;

    for (size_t begin = 0; begin < p->plan.n_images; n++)
        begin = fa_pack_plan_cut(&p->plan, begin, p->config->shard_bytes);
    return n;
}

static fa_status require_space(const struct packing *p)
{
    uint64_t need = 0, free_bytes;

    for (size_t begin = 0; begin < p->plan.n_images;) {
        const size_t end = fa_pack_plan_cut(&p->plan, begin, p->config->shard_bytes);

        need += fa_shard_size(&p->plan, begin, end);
        begin = end;
    }
    FA_TRY(fa_directory_free_bytes(p->stage.staging, &free_bytes));
    if (free_bytes < need)
        return fa_fail(FA_EIO,
                       "%s: the dataset needs %" PRIu64 " MiB, the disk has %" PRIu64
                       " MiB left; free some, or choose another output directory",
                       p->stage.out, (need >> 20) + 1, free_bytes >> 20);
    return FA_OK;
}

static fa_status write_shard(struct packing *p, size_t number, size_t begin, size_t end)
{
    const struct fa_manifest_shard *entry = &p->manifest.shards[number];
    char name[FA_SHARD_NAME_MAX];
    struct fa_new_file *file;

    fa_shard_name(number, name);
    FA_TRY(fa_new_file_open_in(p->stage.directory, name, &file));
    FA_TRY(fa_new_file_finish(file, fa_shard_write(&p->plan, begin, end, file, &p->manifest, number)));
    fa_info("%s: %zu images, %zu annotations, %" PRIu64 " MiB", name, entry->n_records, entry->n_annotations,
            entry->n_bytes >> 20);
    return FA_OK;
}

/* Older programs read what has JPEGs alone. */
static int version_of(const struct packing *p)
{
    for (size_t k = 0; k < p->plan.n_images; k++)
        if (p->checks[p->plan.images[k]].codec != FA_CODEC_JPEG)
            return FA_MANIFEST_VERSION;
    return FA_MANIFEST_JPEGS;
}

static fa_status write_shards(struct packing *p)
{
    struct fa_manifest *manifest = &p->manifest;
    size_t begin = 0;

    manifest->n_shards = count_shards(p);
    FA_TRY(fa_alloc_zero(manifest->n_shards, sizeof *manifest->shards, &manifest->shards));
    manifest->version = version_of(p);
    manifest->content_hash = FA_HASH_START;
    for (size_t i = 0; i < manifest->n_shards; i++) {
        const size_t end = fa_pack_plan_cut(&p->plan, begin, p->config->shard_bytes);

        FA_TRY(write_shard(p, i, begin, end));
        begin = end;
    }
    return fa_manifest_write(manifest, p->stage.directory);
}

/* What was written is opened as its users will open it, before it may replace anything. */
static fa_status verify(const struct packing *p)
{
    struct fa_dataset *dataset = NULL;

    FA_TRY(fa_dataset_open(p->stage.staging, &dataset));
    fa_dataset_close(dataset);
    return FA_OK;
}

static fa_status plan(struct packing *p)
{
    FA_TRY(fa_pack_plan_create(p->coco, &p->folder, p->checks, p->boxes, &p->plan));
    if (p->plan.n_images == 0)
        return fa_fail(FA_EFORMAT, "%s: no image is left to pack", p->config->annotation_path);
    return require_space(p);
}

static void report(struct packing *p)
{
    struct fa_pack_report *r = p->report;

    r->n_images = p->manifest.n_records;
    r->n_annotations = p->manifest.n_annotations;
    r->n_shards = p->manifest.n_shards;
    for (size_t k = 0; k < p->plan.n_images; k++) {
        const size_t image = p->plan.images[k];

        r->n_bytes += p->checks[image].n_bytes;
        r->n_without_objects += p->plan.first[image] == p->plan.first[image + 1];
    }
}

/* ---- the whole ---- */

static fa_status check_config(const struct fa_pack_config *config)
{
    if (config->n_threads < 1)
        return fa_fail(FA_EINVAL, "packing needs at least one thread, not %d", config->n_threads);
    if (config->shard_bytes < 1)
        return fa_fail(FA_EINVAL, "a shard of 0 bytes holds no image; choose a larger --shard-mib");
    return FA_OK;
}

static fa_status read_annotations(struct packing *p)
{
    const struct fa_annotation_source source = {.path = p->config->annotation_path,
                                                .format = p->config->format,
                                                .image_directory = p->config->image_directory,
                                                .follow_links = p->config->follow_links,
                                                .classes = p->config->classes};

    return fa_annotations_read(&source, &p->coco);
}

static fa_status pack(struct packing *p)
{
    FA_TRY(check_config(p->config));
    FA_TRY(read_annotations(p));
    if (p->coco->n_images > 0)
        FA_TRY(fa_image_folder_open(p->config->image_directory, p->config->follow_links, &p->folder));
    FA_TRY(fa_pack_stage_open(p->config->out_directory, &p->stage));
    FA_TRY(fa_rejects_open(p->stage.out, &p->rejects));
    FA_TRY(judge(p));
    FA_TRY(plan(p));
    FA_TRY(write_shards(p));
    FA_TRY(verify(p));
    FA_TRY(fa_rejects_commit(&p->rejects));
    FA_TRY(fa_pack_stage_commit(&p->stage));
    report(p);
    return FA_OK;
}

fa_status fa_pack(const struct fa_pack_config *config, struct fa_pack_report *out)
{
    struct packing p = {.config = config, .report = out};
    fa_status st;

    *out = (struct fa_pack_report){0};
    st = pack(&p);
    fa_manifest_free(&p.manifest);
    fa_pack_plan_free(&p.plan);
    if (p.coco != NULL)
        fa_image_checks_free(p.checks, p.coco->n_images);
    fa_free(p.boxes);
    fa_census_clear(&p.census);
    fa_image_folder_close(&p.folder);
    fa_coco_free(p.coco);
    fa_rejects_close(&p.rejects);
    fa_pack_stage_close(&p.stage);
    return st;
}
