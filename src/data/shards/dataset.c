/*
 * dataset.c - a packed dataset, opened: the indexes of all shards joined into one, and the JPEGs within
 * reach.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "dataset_private.h"
#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/h5.h"
#include "fa/hash.h"
#include "fa/machine.h"
#include "fa/memory.h"
#include "fa/shard.h"
#include "manifest.h"
#include "shard_frame.h"
#include "shard_index.h"

/* ---- opening one shard ---- */

static fa_status check_size(const char *path, uint64_t want)
{
    uint64_t n_bytes;

    FA_TRY(fa_file_size(path, &n_bytes));
    if (n_bytes != want)
        return fa_fail(FA_EFORMAT,
                       "%s: has %" PRIu64 " bytes, the manifest says %" PRIu64
                       "; copy the file again, or pack the data again",
                       path, n_bytes, want);
    return FA_OK;
}

static fa_status check_frame(const char *path, const struct fa_manifest_shard *want)
{
    uint32_t crc = 0;

    FA_TRY(fa_shard_frame_crc(path, want, &crc));
    if (crc != want->frame_crc)
        return fa_fail(FA_EFORMAT,
                       "%s: the checksum of its index is wrong; copy the file again, or pack the data again",
                       path);
    return FA_OK;
}

/* index is the caller's to free, and empty on failure. */
static fa_status read_shard(const struct fa_dataset_shard *shard, const struct fa_manifest_shard *want,
                            struct fa_shard_index *index)
{
    struct fa_h5 *file = NULL;
    fa_status st;

    FA_TRY(check_frame(shard->path, want));
    FA_TRY(fa_h5_open(shard->path, &file));
    st = fa_h5_finish(file, fa_shard_index_read(index, file, shard->path));
    if (st == FA_OK)
        st = fa_shard_index_check(index, shard->path, want->n_blob);
    if (st != FA_OK)
        fa_shard_index_free(index);
    return st;
}

fa_status fa_dataset_shard_name(struct fa_dataset_shard *shard, const char *directory, size_t i)
{
    char name[FA_SHARD_NAME_MAX];

    fa_shard_name(i, name);
    return fa_path_join(directory, name, &shard->path);
}

/* Several threads may come at a time: the first one's descriptor stays. */
static fa_status open_file(struct fa_dataset_shard *shard, int *fd)
{
    int none = -1;

    *fd = atomic_load(&shard->fd);
    if (*fd >= 0)
        return FA_OK;
    *fd = open(shard->path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return fa_fail_errno(errno == ENOENT ? FA_EFORMAT : FA_EIO, errno,
                             "%s: a shard of the dataset cannot be opened", shard->path);
    if (!atomic_compare_exchange_strong(&shard->fd, &none, *fd)) {
        close(*fd);
        *fd = none;
    }
    return FA_OK;
}

static fa_status open_shard(struct fa_dataset_shard *shard, const char *directory, size_t i)
{
    int fd;

    FA_TRY(fa_dataset_shard_name(shard, directory, i));
    return open_file(shard, &fd);
}

/* ---- joining ---- */

static void join_records(struct fa_open_dataset *d, const struct fa_shard_index *index, size_t number,
                         size_t first_record, size_t first_annotation)
{
    for (size_t i = 0; i < index->n_records; i++) {
        const size_t begin = (size_t)index->annotation_offset[i];

        d->records[first_record + i] = (struct fa_record){
            .image_id = index->image_id[i],
            .file_name = index->file_name[i],
            .w = index->width[i],
            .h = index->height[i],
            .orientation = index->orientation[i],
            .n_bytes = (size_t)index->length[i],
            .crc = index->crc[i],
            .first = first_annotation + begin,
            .n = (size_t)index->annotation_offset[i + 1] - begin,
        };
        d->places[first_record + i] =
            (struct fa_dataset_place){(uint32_t)number, d->shards[number].blob + (uint64_t)index->offset[i]};
    }
}

static void join_annotations(struct fa_open_dataset *d, const struct fa_shard_index *index, size_t first)
{
    const size_t n = index->n_annotations;

    memcpy(d->bbox + first, index->bbox, n * sizeof *d->bbox);
    memcpy(d->label + first, index->label, n * sizeof *d->label);
    memcpy(d->annotation_id + first, index->annotation_id, n * sizeof *d->annotation_id);
    memcpy(d->area + first, index->area, n * sizeof *d->area);
    memcpy(d->crowd + first, index->crowd, n);
    memcpy(d->ignore + first, index->ignore, n);
}

/* The categories are those of the first shard; all shards must agree with the manifest on them. */
static fa_status take_categories(struct fa_open_dataset *d, struct fa_shard_index *index, size_t number,
                                 uint64_t want)
{
    if (fa_shard_index_category_hash(index) != want)
        return fa_fail(FA_EFORMAT,
                       "%s: its categories are not those of the manifest; it belongs to another packing",
                       d->shards[number].path);
    if (number > 0)
        return FA_OK;
    for (size_t i = 0; i < index->n_categories; i++)
        d->categories[i] = (struct fa_category){index->category_id[i], index->category_name[i]};
    d->category_names = index->category_name;
    index->category_name = NULL;
    return FA_OK;
}

fa_status fa_open_dataset_allocate(struct fa_open_dataset *d, const struct fa_manifest *manifest)
{
    const size_t n = manifest->n_annotations;

    FA_TRY(fa_alloc_zero(manifest->n_shards, sizeof *d->shards, &d->shards));
    d->n_shards = manifest->n_shards;
    for (size_t i = 0; i < d->n_shards; i++)
        atomic_init(&d->shards[i].fd, -1);
    FA_TRY(fa_alloc(manifest->n_records, sizeof *d->places, &d->places));
    FA_TRY(fa_alloc(manifest->n_records, sizeof *d->records, &d->records));
    FA_TRY(fa_alloc(manifest->n_categories, sizeof *d->categories, &d->categories));
    FA_TRY(fa_alloc(n, sizeof *d->bbox, &d->bbox));
    FA_TRY(fa_alloc(n, sizeof *d->label, &d->label));
    FA_TRY(fa_alloc(n, sizeof *d->annotation_id, &d->annotation_id));
    FA_TRY(fa_alloc(n, sizeof *d->area, &d->area));
    FA_TRY(fa_alloc(n, sizeof *d->crowd, &d->crowd));
    return fa_alloc(n, sizeof *d->ignore, &d->ignore);
}

/* A manifest may not make us take more memory than its shards have bytes for; and these it may not claim
   either, see check_sizes. */
static fa_status check_counts(const struct fa_manifest *manifest, const char *directory)
{
    for (size_t i = 0; i < manifest->n_shards; i++) {
        const struct fa_manifest_shard *shard = &manifest->shards[i];
        const uint64_t frame = shard->n_bytes - shard->n_blob;

        if (shard->n_records > frame / FA_SHARD_RECORD_BYTES ||
            shard->n_annotations > frame / FA_SHARD_ANNOTATION_BYTES || manifest->n_categories > frame)
            return fa_fail(FA_EFORMAT,
                           "%s/" FA_MANIFEST_NAME
                           ": shard %zu cannot hold what is claimed; pack the data again",
                           directory, i);
    }
    return FA_OK;
}

static fa_status check_shard_size(const struct fa_manifest *manifest, const char *directory, size_t i)
{
    char name[FA_SHARD_NAME_MAX], *path = NULL;
    fa_status st;

    fa_shard_name(i, name);
    FA_TRY(fa_path_join(directory, name, &path));
    st = check_size(path, manifest->shards[i].n_bytes);
    if (st == FA_EMISSING)
        st = fa_fail(FA_EFORMAT,
                     "%s: a shard of the dataset is not there; copy it too, or pack the data again", path);
    fa_free(path);
    return st;
}

static fa_status check_sizes(const struct fa_manifest *manifest, const char *directory)
{
    for (size_t i = 0; i < manifest->n_shards; i++)
        FA_TRY(check_shard_size(manifest, directory, i));
    return FA_OK;
}

static void count_bytes(struct fa_open_dataset *d, const struct fa_manifest *manifest)
{
    for (size_t i = 0; i < manifest->n_shards; i++) {
        d->public.n_bytes += manifest->shards[i].n_bytes;
        d->public.n_index_bytes += manifest->shards[i].n_bytes - manifest->shards[i].n_blob;
    }
}

static fa_status join_shards(struct fa_open_dataset *d, const struct fa_manifest *manifest,
                             const char *directory)
{
    uint64_t content = FA_HASH_START;
    size_t first_record = 0, first_annotation = 0;

    for (size_t i = 0; i < d->n_shards; i++) {
        const struct fa_manifest_shard *want = &manifest->shards[i];
        struct fa_shard_index index = {want->n_records, want->n_annotations, manifest->n_categories,
                                       .offset = NULL};
        fa_status st;

        FA_TRY(open_shard(&d->shards[i], directory, i));
        d->shards[i].blob = want->blob_offset;
        FA_TRY(read_shard(&d->shards[i], want, &index));
        join_records(d, &index, i, first_record, first_annotation);
        join_annotations(d, &index, first_annotation);
        content = fa_shard_index_content_hash(&index, content);
        first_record += want->n_records;
        first_annotation += want->n_annotations;
        d->shards[i].file_names = index.file_name;
        index.file_name = NULL;
        st = take_categories(d, &index, i, manifest->category_hash);
        fa_shard_index_free(&index);
        FA_TRY(st);
    }
    if (content != manifest->content_hash)
        return fa_fail(FA_EFORMAT, "%s: its shards do not belong together; pack the data again", directory);
    return FA_OK;
}

void fa_open_dataset_publish(struct fa_open_dataset *d, const struct fa_manifest *manifest)
{
    d->public = (struct fa_dataset){
        .n_records = manifest->n_records,
        .n_annotations = manifest->n_annotations,
        .n_categories = manifest->n_categories,
        .n_bytes = d->public.n_bytes,
        .n_index_bytes = d->public.n_index_bytes,
        .categories = d->categories,
        .category_hash = manifest->category_hash,
        .content_hash = manifest->content_hash,
        .records = d->records,
        .bbox = (const double(*)[4])d->bbox,
        .label = d->label,
        .annotation_id = d->annotation_id,
        .crowd = d->crowd,
        .ignore = d->ignore,
        .area = d->area,
        .n_parts = d->n_parts,
        .parts = d->parts,
    };
}

void fa_open_dataset_forget_annotations(struct fa_open_dataset *d)
{
    fa_free(d->bbox);
    fa_free(d->label);
    fa_free(d->annotation_id);
    fa_free(d->area);
    fa_free(d->crowd);
    fa_free(d->ignore);
    d->bbox = NULL;
    d->label = NULL;
    d->annotation_id = NULL;
    d->area = NULL;
    d->crowd = d->ignore = NULL;
}

/* ---- public ---- */

/* See pack_stage.h for the name that a packing cut off in the middle of its last step leaves. */
static fa_status fail_absent(const char *directory)
{
    char *old = NULL;
    bool moved_aside;

    FA_TRY(fa_asprintf(&old, "%s" FA_DATASET_ASIDE, directory));
    moved_aside = fa_directory_exists(old);
    fa_free(old);
    if (moved_aside)
        return fa_fail(
            FA_EIO,
            "%s: a packing that was to replace it was interrupted; pack again, or rename %s" FA_DATASET_ASIDE
            " back",
            directory, directory);
    return fa_fail(
        FA_EMISSING,
        "%s: there is no such directory; make it with `freeanchor pack --annotations PATH --images FOLDER "
        "--out %s`",
        directory, directory);
}

/* Somebody's annotations, as a rule. */
static fa_status fail_file(const char *path)
{
    return fa_fail(
        FA_EFORMAT,
        "%s: is a file, and a dataset is a directory that `freeanchor pack --annotations %s --images FOLDER "
        "--out SHARDDIR` makes; give that SHARDDIR",
        path, path);
}

static fa_status has_manifest(const char *directory, const char *name, bool *has)
{
    char *path;

    FA_TRY(fa_asprintf(&path, "%s/%s", directory, name));
    *has = fa_file_exists(path);
    fa_free(path);
    return FA_OK;
}

/* Somebody's images, as a rule. */
static fa_status require_manifest(const char *directory)
{
    bool has, is_split;

    FA_TRY(has_manifest(directory, FA_MANIFEST_NAME, &has));
    if (has)
        return FA_OK;
    FA_TRY(has_manifest(directory, "train/" FA_MANIFEST_NAME, &is_split));
    if (is_split)
        return fa_fail(FA_EMISSING, "%s: holds the parts of a split; give %s/train or %s/val", directory,
                       directory, directory);
    return fa_fail(
        FA_EMISSING,
        "%s: is not a packed dataset: it has no " FA_MANIFEST_NAME
        "; make one with `freeanchor pack --annotations PATH --images %s --out SHARDDIR`, and give that "
        "SHARDDIR",
        directory, directory);
}

fa_status fa_dataset_read_manifest(const char *directory, struct fa_manifest *manifest)
{
    if (!fa_directory_exists(directory))
        return fa_file_exists(directory) ? fail_file(directory) : fail_absent(directory);
    FA_TRY(require_manifest(directory));
    FA_TRY(fa_manifest_read(directory, manifest));
    FA_TRY(check_counts(manifest, directory));
    FA_TRY(check_sizes(manifest, directory));
    return fa_prefix(
        fa_machine_allow_files(manifest->n_shards, ", or pack into fewer shards with --shard-mib"), "%s",
        directory);
}

fa_status fa_dataset_open(const char *directory, struct fa_dataset **out)
{
    struct fa_manifest manifest = {0};
    struct fa_open_dataset *d = NULL;
    fa_status st = fa_dataset_read_manifest(directory, &manifest);

    if (st == FA_OK)
        st = fa_alloc_zero(1, sizeof *d, &d);
    if (st == FA_OK)
        st = fa_open_dataset_allocate(d, &manifest);
    if (st == FA_OK)
        st = join_shards(d, &manifest, directory);
    if (st == FA_OK) {
        count_bytes(d, &manifest);
        fa_open_dataset_publish(d, &manifest);
        *out = &d->public;
    } else if (d != NULL) {
        fa_dataset_close(&d->public);
    }
    fa_manifest_free(&manifest);
    return st;
}

static void close_shard(struct fa_dataset_shard *shard)
{
    const int fd = atomic_load(&shard->fd);

    if (fd >= 0)
        close(fd);
    fa_free(shard->file_names);
    fa_free(shard->path);
}

static void close_parts(struct fa_open_dataset *d)
{
    for (size_t i = 0; i < d->n_parts; i++) {
        if (d->joined[i] != NULL)
            fa_dataset_close(&d->joined[i]->public);
        fa_free(d->parts[i].path);
    }
    fa_free(d->joined);
    fa_free(d->parts);
}

void fa_dataset_close(struct fa_dataset *dataset)
{
    struct fa_open_dataset *d = (struct fa_open_dataset *)dataset;

    if (d == NULL)
        return;
    for (size_t i = 0; i < d->n_shards; i++)
        close_shard(&d->shards[i]);
    fa_free(d->shards);
    fa_free(d->places);
    fa_free(d->records);
    fa_free(d->categories);
    fa_free(d->category_names);
    fa_free(d->texts);
    fa_open_dataset_forget_annotations(d);
    close_parts(d);
    fa_free(d);
}

static fa_status fetch(const struct fa_open_dataset *d, size_t record, void *jpeg)
{
    const struct fa_record *r = &d->records[record];
    struct fa_dataset_shard *shard = &d->shards[d->places[record].shard];
    int fd;

    FA_TRY(open_file(shard, &fd));
    FA_TRY(fa_file_read_at(fd, shard->path, d->places[record].offset, r->n_bytes, jpeg));
    if (fa_crc32c(0, jpeg, r->n_bytes) != r->crc)
        return fa_fail(
            FA_EFORMAT,
            "%s: the checksum of record %zu (%s) is wrong; copy the file again, or pack the data again",
            shard->path, record, r->file_name);
    return FA_OK;
}

fa_status fa_dataset_fetch(const struct fa_dataset *dataset, size_t record, void *jpeg)
{
    const struct fa_open_dataset *d = (const struct fa_open_dataset *)dataset;
    const size_t part = fa_dataset_part_of(dataset, record);

    return d->n_parts > 0 ? fetch(d->joined[part], record - d->parts[part].first, jpeg)
                          : fetch(d, record, jpeg);
}
