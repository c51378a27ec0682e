/*
 * pack.c - from annotations and their images to datasets: look at everything, then write everything.
 *
 * Images are read twice, once to be judged and once to be copied, so that nothing is written before all are
 * known to be good, the space needed is known beforehand, and no image has to stay in memory.
 *
 * All processes of a team go the same way: what is cheap each does for itself, with the same outcome; the
 * images to look at and the shards to write are shared out. The first one alone owns directories, writes
 * lists and manifests, and logs.
 */
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/hash.h"
#include "fa/memory.h"
#include "pack_split.h"
#include "packing.h"
#include "shards/dataset_room.h"

static bool is_first(const struct fa_packing *p)
{
    return fa_team_rank(p->config->team) == 0;
}

static fa_status agree(const struct fa_packing *p, fa_status status)
{
    return fa_team_agree(p->config->team, status);
}

/* ---- what comes in ---- */

static fa_status check_config(const struct fa_pack_config *config)
{
    if (config->n_threads < 1)
        return fa_fail(FA_EINVAL, "packing needs at least one thread, not %d", config->n_threads);
    if (config->shard_bytes < 1)
        return fa_fail(FA_EINVAL, "a shard of 0 bytes holds no image; choose a larger --shard-mib");
    return FA_OK;
}

static fa_status print_title(const char *first, size_t n, char **out)
{
    return n > 1 ? fa_asprintf(out, "%s and %zu more", first, n - 1) : fa_strdup(first, out);
}

static fa_status open_folders(struct fa_packing *p)
{
    const struct fa_annotation_source *sources = p->config->sources;

    FA_TRY(fa_alloc_zero(p->config->n_sources, sizeof *p->folders, &p->folders));
    for (size_t k = 0; k < p->config->n_sources && p->coco->n_images > 0; k++)
        FA_TRY(fa_image_folder_open(sources[k].image_directory, sources[k].follow_links, &p->folders[k]));
    return FA_OK;
}

static fa_status read_sources(struct fa_packing *p)
{
    const struct fa_pack_config *config = p->config;

    FA_TRY(check_config(config));
    FA_TRY(print_title(config->sources[0].path, config->n_sources, &p->title));
    FA_TRY(print_title(config->sources[0].image_directory, config->n_sources, &p->images_title));
    FA_TRY(fa_annotations_read(config->sources, config->n_sources, config->classes, &p->coco));
    return open_folders(p);
}

/* With its 0, so that names do not run into each other. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    return fa_hash(hash, text, strlen(text) + 1);
}

static uint64_t hash_of(const struct fa_coco *coco)
{
    const size_t counts[3] = {coco->n_categories, coco->n_images, coco->n_annotations};
    uint64_t hash = fa_hash(FA_HASH_START, counts, sizeof counts);

    for (size_t k = 0; k < coco->n_categories; k++)
        hash = hash_text(hash, coco->categories[k].name);
    for (size_t i = 0; i < coco->n_images; i++) {
        hash = hash_text(hash, coco->images[i].file_name);
        hash = fa_hash(hash, &coco->images[i].id, sizeof coco->images[i].id);
    }
    for (size_t a = 0; a < coco->n_annotations; a++) {
        hash = fa_hash(hash, coco->annotations[a].bbox, sizeof coco->annotations[a].bbox);
        hash = fa_hash(hash, &coco->annotations[a].label, sizeof coco->annotations[a].label);
    }
    return hash;
}

/* Each process has read for itself, perhaps on another host. */
static fa_status require_same(const struct fa_packing *p)
{
    const uint64_t own = hash_of(p->coco);
    uint64_t first = own;

    fa_team_broadcast(p->config->team, &first, sizeof first, 0);
    if (own == first)
        return FA_OK;
    return fa_fail(FA_EFORMAT,
                   "%s: this rank has read other annotations than rank 0; all ranks must see the same files",
                   p->title);
}

/* ---- where it goes ---- */

/* Of a split into more parts: its images may be in another part by now. */
static fa_status refuse_old_parts(const struct fa_packing *p)
{
    for (size_t k = p->n_parts; k < FA_PACK_MAX_PARTS; k++) {
        char *part;
        bool is_there;

        FA_TRY(fa_path_join(p->config->out_directory, fa_pack_part_names[k], &part));
        is_there = fa_file_exists(part);
        fa_free(part);
        if (is_there)
            return fa_fail(FA_EINVAL,
                           "%s/%s: is left over from an earlier split, and its images may now be in train; "
                           "remove it, or "
                           "choose another --out",
                           p->config->out_directory, fa_pack_part_names[k]);
    }
    return FA_OK;
}

/* A dataset's own directory would no longer be one. */
static fa_status make_outer_directory(struct fa_packing *p)
{
    const char *out = p->config->out_directory;
    bool is_dataset;

    FA_TRY(fa_manifest_is_ours(out, &is_dataset));
    if (is_dataset)
        return fa_fail(FA_EINVAL, "%s: is a dataset; the parts of a split need a directory of their own",
                       out);
    FA_TRY(refuse_old_parts(p));
    p->made_outer = !fa_directory_exists(out);
    return fa_directory_make(out);
}

static fa_status open_part_of_split(struct fa_packing *p, size_t k)
{
    char *out;
    fa_status status;

    FA_TRY(agree(p, fa_path_join(p->config->out_directory, fa_pack_part_names[k], &out)));
    status = fa_pack_part_open(out, p->config->team, &p->parts[k]);
    fa_free(out);
    return status;
}

static fa_status open_parts(struct fa_packing *p)
{
    if (p->n_parts == 1)
        return fa_pack_part_open(p->config->out_directory, p->config->team, &p->parts[0]);
    FA_TRY(agree(p, is_first(p) ? make_outer_directory(p) : FA_OK));
    for (size_t k = 0; k < p->n_parts; k++)
        FA_TRY(open_part_of_split(p, k));
    return FA_OK;
}

/* Beside the dataset, or the directory of a split. */
static fa_status open_rejects(struct fa_packing *p)
{
    const char *out = p->config->out_directory;
    size_t n = strlen(out);
    char *path;
    fa_status status;

    if (p->n_parts == 1)
        return fa_rejects_open(p->parts[0].stage.out, !is_first(p), &p->rejects);
    while (n > 1 && out[n - 1] == '/')
        n--;
    FA_TRY(fa_asprintf(&path, "%.*s", (int)n, out));
    status = fa_rejects_open(path, !is_first(p), &p->rejects);
    fa_free(path);
    return status;
}

/* ---- what goes where ---- */

static fa_status plan_part(struct fa_packing *p, size_t k)
{
    struct fa_pack_plan *plan = &p->parts[k].plan;

    *plan = (struct fa_pack_plan){.coco = p->coco,
                                  .folders = p->folders,
                                  .checks = p->checks,
                                  .boxes = p->boxes,
                                  .part_of = p->part_of,
                                  .part = (uint8_t)k};
    FA_TRY(fa_pack_plan_make(plan));
    if (plan->n_images > 0)
        return FA_OK;
    if (p->part_of == NULL)
        return fa_fail(FA_EFORMAT, "%s: no image is left to pack", p->title);
    return fa_fail(FA_EFORMAT, "%s: no image falls to %s; give it a larger share, or another --seed",
                   p->title, fa_pack_part_names[k]);
}

static fa_status require_space(const struct fa_packing *p)
{
    uint64_t need = 0;

    for (size_t k = 0; k < p->n_parts; k++)
        need += fa_pack_part_bytes(&p->parts[k], p->config->shard_bytes);
    return fa_dataset_require_room(p->parts[0].stage.staging, need, p->parts[0].stage.out,
                                   "choose another output directory");
}

static fa_status plan(struct fa_packing *p)
{
    if (p->n_parts > 1) {
        FA_TRY(fa_alloc(p->coco->n_images, sizeof *p->part_of, &p->part_of));
        fa_split_images(&p->config->split, p->checks, p->coco->n_images, p->part_of);
    }
    for (size_t k = 0; k < p->n_parts; k++)
        FA_TRY(plan_part(p, k));
    if (p->n_parts > 1)
        FA_TRY(fa_split_tell(p));
    return require_space(p);
}

static void report_part(struct fa_packing *p, size_t k)
{
    const struct fa_pack_plan *plan = &p->parts[k].plan;
    const struct fa_manifest *manifest = &p->parts[k].manifest;
    struct fa_pack_report *r = p->report;

    r->n_images += manifest->n_records;
    r->n_in_part[k] = manifest->n_records;
    r->n_annotations += manifest->n_annotations;
    r->n_shards += manifest->n_shards;
    for (size_t i = 0; i < plan->n_images; i++) {
        const size_t image = plan->images[i];

        r->n_bytes += p->checks[image].n_bytes;
        r->n_without_objects += plan->first[image] == plan->first[image + 1];
    }
}

/* ---- the whole ---- */

/* All parts are there before the first replaces anything. */
static fa_status write_parts(struct fa_packing *p)
{
    for (size_t k = 0; k < p->n_parts; k++)
        FA_TRY(fa_pack_part_write(&p->parts[k], p->config->shard_bytes, p->config->team));
    FA_TRY(agree(p, fa_rejects_commit(&p->rejects)));
    for (size_t k = 0; k < p->n_parts; k++)
        FA_TRY(fa_pack_part_commit(&p->parts[k], p->config->team));
    return FA_OK;
}

/* Taking part in the check of the images, or failing before: all do the same. */
static fa_status judge(struct fa_packing *p)
{
    FA_TRY(agree(p, fa_pack_judge_begin(p)));
    FA_TRY(fa_check_images(p->coco, p->folders, p->config->n_threads, p->config->team, p->checks));
    return agree(p, fa_pack_judge(p));
}

static fa_status pack(struct fa_packing *p)
{
    FA_TRY(agree(p, read_sources(p)));
    FA_TRY(agree(p, require_same(p)));
    FA_TRY(open_parts(p));
    FA_TRY(agree(p, open_rejects(p)));
    FA_TRY(judge(p));
    FA_TRY(agree(p, plan(p)));
    FA_TRY(write_parts(p));
    for (size_t k = 0; k < p->n_parts; k++)
        report_part(p, k);
    return FA_OK;
}

static void close_sources(struct fa_packing *p)
{
    for (size_t k = 0; k < p->config->n_sources && p->folders != NULL; k++)
        fa_image_folder_close(&p->folders[k]);
    fa_free(p->folders);
    fa_free(p->title);
    fa_free(p->images_title);
    fa_coco_free(p->coco);
}

static void close_packing(struct fa_packing *p)
{
    if (p->coco != NULL)
        fa_image_checks_free(p->checks, p->coco->n_images);
    fa_free(p->boxes);
    fa_free(p->part_of);
    fa_census_clear(&p->census);
    fa_rejects_close(&p->rejects);
    for (size_t k = 0; k < p->n_parts; k++)
        fa_pack_part_close(&p->parts[k]);
    close_sources(p);
}

fa_status fa_pack(const struct fa_pack_config *config, struct fa_pack_report *out)
{
    struct fa_packing p = {
        .config = config, .report = out, .n_parts = config->split.n_parts > 1 ? config->split.n_parts : 1};
    fa_status st;

    *out = (struct fa_pack_report){0};
    st = pack(&p);
    close_packing(&p);
    if (st != FA_OK && p.made_outer)
        rmdir(config->out_directory); /* it holds nothing, unless somebody else has put it there */
    return st;
}
