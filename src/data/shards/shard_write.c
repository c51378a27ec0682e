#include "shard_write.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fa/crc32c.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "shard_frame.h"
#include "shard_index.h"

static size_t annotation_count(const struct fa_pack_plan *plan, size_t begin, size_t end)
{
    size_t n = 0;

    for (size_t k = begin; k < end; k++)
        n += plan->first[plan->images[k] + 1] - plan->first[plan->images[k]];
    return n;
}

static size_t blob_bytes(const struct fa_pack_plan *plan, size_t begin, size_t end)
{
    size_t n = 0;

    for (size_t k = begin; k < end; k++)
        n += plan->checks[plan->images[k]].n_bytes;
    return n;
}

uint64_t fa_shard_size(const struct fa_pack_plan *plan, size_t begin, size_t end)
{
    const uint64_t per_record = 64, per_annotation = 64, per_category = 64, fixed = 64 << 10;
    uint64_t n = fixed + blob_bytes(plan, begin, end) + per_record * (end - begin) +
                 per_annotation * annotation_count(plan, begin, end);

    for (size_t k = begin; k < end; k++)
        n += strlen(plan->coco->images[plan->images[k]].file_name);
    for (size_t i = 0; i < plan->coco->n_categories; i++)
        n += per_category + strlen(plan->coco->categories[i].name);
    return n;
}

/* ---- index ---- */

static void fill_annotation(const struct fa_pack_plan *plan, size_t place, struct fa_shard_index *index,
                            size_t row)
{
    const struct fa_coco_annotation *annotation = &plan->coco->annotations[place];

    memcpy(index->bbox + 4 * row, plan->boxes[place].bbox, sizeof plan->boxes[place].bbox);
    index->label[row] = annotation->label;
    index->annotation_id[row] = annotation->id;
    index->area[row] = annotation->area;
    index->crowd[row] = annotation->crowd;
    index->ignore[row] = annotation->ignore;
}

static void fill_record(const struct fa_pack_plan *plan, size_t place, struct fa_shard_index *index,
                        size_t row, int64_t offset)
{
    const struct fa_coco_image *image = &plan->coco->images[place];
    const struct fa_image_check *check = &plan->checks[place];

    index->offset[row] = offset;
    index->length[row] = (int64_t)check->n_bytes;
    index->crc[row] = check->crc;
    index->width[row] = image->w;
    index->height[row] = image->h;
    index->orientation[row] = (uint8_t)check->orientation;
    index->image_id[row] = image->id;
    index->file_name[row] = image->file_name;
}

static void fill_index(const struct fa_pack_plan *plan, size_t begin, size_t end,
                       struct fa_shard_index *index)
{
    int64_t offset = 0;
    size_t row = 0;

    for (size_t k = begin; k < end; k++) {
        const size_t image = plan->images[k];

        fill_record(plan, image, index, k - begin, offset);
        offset += (int64_t)plan->checks[image].n_bytes;
        for (size_t a = plan->first[image]; a < plan->first[image + 1]; a++)
            fill_annotation(plan, plan->annotations[a], index, row++);
        index->annotation_offset[k - begin + 1] = (int64_t)row;
    }
    for (size_t i = 0; i < plan->coco->n_categories; i++) {
        index->category_id[i] = plan->coco->categories[i].id;
        index->category_name[i] = plan->coco->categories[i].name;
    }
}

/* ---- blob ---- */

static fa_status write_image(const struct fa_pack_plan *plan, size_t place, struct fa_h5 *file,
                             int64_t offset)
{
    const struct fa_coco_image *image = &plan->coco->images[place];
    const struct fa_image_folder *folder = &plan->folders[image->source];
    const struct fa_image_check *check = &plan->checks[place];
    char *data = NULL;
    size_t n_bytes = 0;
    fa_status st = fa_image_folder_read(folder, image->file_name, &data, &n_bytes);

    if (st == FA_OK && (n_bytes != check->n_bytes || fa_crc32c(0, data, n_bytes) != check->crc))
        st = fa_fail(FA_EFORMAT,
                     "%s/%s: changed while it was being packed; pack again once it no longer changes",
                     folder->path, image->file_name);
    if (st == FA_OK)
        st = fa_h5_write_range(file, FA_SHARD_BLOB, FA_H5_U8, offset, (int64_t)n_bytes, data);
    fa_free(data);
    return st;
}

static fa_status write_blob(const struct fa_pack_plan *plan, size_t begin, size_t end, struct fa_h5 *file,
                            struct fa_manifest_shard *entry)
{
    const int64_t size = (int64_t)blob_bytes(plan, begin, end);
    struct fa_h5_info info;
    int64_t offset = 0;

    FA_TRY(fa_h5_create_dataset(file, FA_SHARD_BLOB, FA_H5_U8, 1, &size));
    FA_TRY(fa_h5_inspect(file, FA_SHARD_BLOB, &info));
    assert(info.file_offset >= 0); /* datasets are contiguous and get their place at once */
    entry->blob_offset = (uint64_t)info.file_offset;
    entry->n_blob = (uint64_t)size;
    for (size_t k = begin; k < end; k++) {
        FA_TRY(write_image(plan, plan->images[k], file, offset));
        offset += (int64_t)plan->checks[plan->images[k]].n_bytes;
    }
    return FA_OK;
}

/* ---- file ---- */

static fa_status write_file(const struct fa_pack_plan *plan, size_t begin, size_t end,
                            const struct fa_new_file *target, const struct fa_shard_index *index, int version,
                            struct fa_manifest_shard *entry)
{
    struct fa_h5 *file = NULL;
    fa_status st;

    FA_TRY(fa_h5_create_in(target, &file));
    st = fa_shard_index_write(index, version, file);
    if (st == FA_OK)
        st = write_blob(plan, begin, end, file, entry);
    return fa_h5_finish(file, st);
}

/* What its readers will compare the file with. */
static fa_status measure(const struct fa_new_file *target, struct fa_manifest_shard *entry)
{
    const int fd = fa_new_file_descriptor(target);
    const char *path = fa_new_file_path(target);
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot find out its size", path);
    entry->n_bytes = (uint64_t)st.st_size;
    return fa_shard_frame_crc_open(fd, path, entry, &entry->frame_crc);
}

static fa_status make_index(const struct fa_pack_plan *plan, size_t begin, size_t end,
                            struct fa_shard_index *index)
{
    FA_TRY(fa_shard_index_create(end - begin, annotation_count(plan, begin, end), plan->coco->n_categories,
                                 index));
    fill_index(plan, begin, end, index);
    return FA_OK;
}

fa_status fa_shard_enter(const struct fa_pack_plan *plan, size_t begin, size_t end,
                         struct fa_manifest *manifest, size_t number)
{
    struct fa_shard_index index;

    FA_TRY(make_index(plan, begin, end, &index));
    manifest->shards[number].n_records = index.n_records;
    manifest->shards[number].n_annotations = index.n_annotations;
    manifest->n_records += index.n_records;
    manifest->n_annotations += index.n_annotations;
    manifest->n_categories = index.n_categories;
    manifest->category_hash = fa_shard_index_category_hash(&index);
    manifest->content_hash = fa_shard_index_content_hash(&index, manifest->content_hash);
    fa_shard_index_free(&index);
    return FA_OK;
}

fa_status fa_shard_write(const struct fa_pack_plan *plan, size_t begin, size_t end,
                         struct fa_new_file *target, struct fa_manifest *manifest, size_t number)
{
    struct fa_manifest_shard *entry = &manifest->shards[number];
    struct fa_shard_index index;
    fa_status st;

    FA_TRY(make_index(plan, begin, end, &index));
    st = write_file(plan, begin, end, target, &index, manifest->version, entry);
    if (st == FA_OK)
        st = measure(target, entry);
    fa_shard_index_free(&index);
    return st;
}
