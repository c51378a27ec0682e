#include "shard_index.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "fa/hash.h"
#include "fa/memory.h"
#include "manifest.h"

/* ---- the columns ---- */

enum rows { RECORDS, RECORDS_AND_END, ANNOTATIONS, CATEGORIES };

struct column {
    const char *name;
    enum fa_h5_type type;
    enum rows rows;
    int64_t width;  /* values per row */
    size_t n_bytes; /* of one value */
    size_t where;   /* of the array's pointer in struct fa_shard_index */
};

#define COLUMN(field, type, rows, width)                                                                     \
    {                                                                                                        \
#field, type, rows, width, sizeof *((struct fa_shard_index *)0)->field,                              \
            offsetof(struct fa_shard_index, field)                                                           \
    }

static const struct column columns[] = {
    COLUMN(offset, FA_H5_I64, RECORDS, 1),
    COLUMN(length, FA_H5_I64, RECORDS, 1),
    COLUMN(crc, FA_H5_U32, RECORDS, 1),
    COLUMN(width, FA_H5_I32, RECORDS, 1),
    COLUMN(height, FA_H5_I32, RECORDS, 1),
    COLUMN(orientation, FA_H5_U8, RECORDS, 1),
    COLUMN(image_id, FA_H5_I64, RECORDS, 1),
    COLUMN(annotation_offset, FA_H5_I64, RECORDS_AND_END, 1),
    COLUMN(bbox, FA_H5_F64, ANNOTATIONS, 4),
    COLUMN(label, FA_H5_I32, ANNOTATIONS, 1),
    COLUMN(annotation_id, FA_H5_I64, ANNOTATIONS, 1),
    COLUMN(area, FA_H5_F64, ANNOTATIONS, 1),
    COLUMN(crowd, FA_H5_U8, ANNOTATIONS, 1),
    COLUMN(ignore, FA_H5_U8, ANNOTATIONS, 1),
    COLUMN(category_id, FA_H5_I64, CATEGORIES, 1),
};

#define N_COLUMNS (sizeof columns / sizeof columns[0])

static size_t row_count(const struct fa_shard_index *index, const struct column *column)
{
    switch (column->rows) {
    case RECORDS:
        return index->n_records;
    case RECORDS_AND_END:
        return index->n_records + 1;
    case ANNOTATIONS:
        return index->n_annotations;
    case CATEGORIES:
        break;
    }
    return index->n_categories;
}

static size_t value_count(const struct fa_shard_index *index, const struct column *column)
{
    return row_count(index, column) * (size_t)column->width;
}

/* Every array pointer has the same representation as void *, on all machines that have HDF5. */
static void *get_array(const struct fa_shard_index *index, const struct column *column)
{
    void *array;

    memcpy(&array, (const char *)index + column->where, sizeof array);
    return array;
}

static void set_array(struct fa_shard_index *index, const struct column *column, void *array)
{
    memcpy((char *)index + column->where, &array, sizeof array);
}

/* ---- memory ---- */

static fa_status create_arrays(struct fa_shard_index *index)
{
    for (size_t c = 0; c < N_COLUMNS; c++) {
        void *array = NULL;

        FA_TRY(fa_alloc_zero(value_count(index, &columns[c]), columns[c].n_bytes, &array));
        set_array(index, &columns[c], array);
    }
    FA_TRY(fa_alloc_zero(index->n_records, sizeof *index->file_name, &index->file_name));
    return fa_alloc_zero(index->n_categories, sizeof *index->category_name, &index->category_name);
}

fa_status fa_shard_index_create(size_t n_records, size_t n_annotations, size_t n_categories,
                                struct fa_shard_index *out)
{
    fa_status st;

    *out = (struct fa_shard_index){n_records, n_annotations, n_categories, .offset = NULL};
    st = create_arrays(out);
    if (st != FA_OK)
        fa_shard_index_free(out);
    return st;
}

void fa_shard_index_free(struct fa_shard_index *index)
{
    for (size_t c = 0; c < N_COLUMNS; c++)
        fa_free(get_array(index, &columns[c]));
    fa_free(index->file_name);
    fa_free(index->category_name);
    *index = (struct fa_shard_index){0};
}

/* ---- file ---- */

fa_status fa_shard_index_write(const struct fa_shard_index *index, int version, struct fa_h5 *file)
{
    const int32_t written = version;

    FA_TRY(fa_h5_set_string(file, "format", FA_SHARD_FORMAT));
    FA_TRY(fa_h5_set_numbers(file, "version", FA_H5_I32, 1, &written));
    for (size_t c = 0; c < N_COLUMNS; c++) {
        const int64_t dims[2] = {(int64_t)row_count(index, &columns[c]), columns[c].width};

        FA_TRY(fa_h5_write(file, columns[c].name, columns[c].type, columns[c].width > 1 ? 2 : 1, dims,
                           get_array(index, &columns[c])));
    }
    FA_TRY(fa_h5_write_strings(file, "file_name", index->n_records, (const char *const *)index->file_name));
    return fa_h5_write_strings(file, "category_name", index->n_categories,
                               (const char *const *)index->category_name);
}

static fa_status read_names(struct fa_h5 *file, const char *path, const char *name, size_t n, char ***names)
{
    size_t n_read;

    FA_TRY(fa_h5_read_strings(file, name, &n_read, names));
    if (n_read != n)
        return fa_fail(FA_EFORMAT, "%s: %s has %zu entries, expected %zu; pack the data again", path, name,
                       n_read, n);
    return FA_OK;
}

static fa_status read_format(struct fa_h5 *file, const char *path)
{
    char *format = NULL;
    int32_t version;
    fa_status st;

    FA_TRY(fa_h5_get_string(file, "format", &format));
    if (strcmp(format, FA_SHARD_FORMAT) != 0)
        st = fa_fail(FA_EFORMAT, "%s: its format is \"%s\", expected \"" FA_SHARD_FORMAT "\"", path, format);
    else
        st = fa_h5_get_numbers(file, "version", FA_H5_I32, 1, &version);
    fa_free(format);
    if (st == FA_OK && (version < FA_MANIFEST_JPEGS || version > FA_MANIFEST_VERSION))
        st = fa_fail(FA_EFORMAT, "%s: its version is %d, this program reads %d to %d; pack the data again",
                     path, version, FA_MANIFEST_JPEGS, FA_MANIFEST_VERSION);
    return st;
}

static fa_status read_arrays(struct fa_shard_index *index, struct fa_h5 *file, const char *path)
{
    FA_TRY(read_format(file, path));
    for (size_t c = 0; c < N_COLUMNS; c++) {
        const size_t want = value_count(index, &columns[c]);
        int64_t n = 0;
        void *array = NULL;

        FA_TRY(fa_h5_read_alloc(file, columns[c].name, columns[c].type, &array, &n));
        set_array(index, &columns[c], array);
        if ((uint64_t)n != want)
            return fa_fail(FA_EFORMAT, "%s: %s has %" PRId64 " values, expected %zu; pack the data again",
                           path, columns[c].name, n, want);
    }
    FA_TRY(read_names(file, path, "file_name", index->n_records, &index->file_name));
    return read_names(file, path, "category_name", index->n_categories, &index->category_name);
}

fa_status fa_shard_index_read(struct fa_shard_index *index, struct fa_h5 *file, const char *path)
{
    fa_status st = read_arrays(index, file, path);

    if (st != FA_OK)
        fa_shard_index_free(index);
    return st;
}

/* ---- checks ---- */

static bool record_is_sound(const struct fa_shard_index *index, size_t i, uint64_t n_blob)
{
    const int64_t offset = index->offset[i], length = index->length[i];
    const int64_t first = index->annotation_offset[i], end = index->annotation_offset[i + 1];

    return offset >= 0 && length > 0 && (uint64_t)offset <= n_blob &&
           (uint64_t)length <= n_blob - (uint64_t)offset && index->width[i] >= 1 &&
           index->width[i] <= FA_SHARD_LARGEST_SIDE && index->height[i] >= 1 &&
           index->height[i] <= FA_SHARD_LARGEST_SIDE && index->orientation[i] >= 1 &&
           index->orientation[i] <= 8 && first <= end;
}

static bool annotation_is_sound(const struct fa_shard_index *index, size_t i)
{
    const double *b = &index->bbox[4 * i], most = FA_SHARD_LARGEST_BOX;

    return fabs(b[0]) <= most && fabs(b[1]) <= most && b[2] > 0 && b[2] <= most && b[3] > 0 && b[3] <= most &&
           index->label[i] >= 0 && (size_t)index->label[i] < index->n_categories &&
           isfinite(index->area[i]) && index->crowd[i] <= 1 && index->ignore[i] <= 1;
}

fa_status fa_shard_index_check(const struct fa_shard_index *index, const char *path, uint64_t n_blob)
{
    const size_t n = index->n_records;

    for (size_t i = 0; i < n; i++)
        if (!record_is_sound(index, i, n_blob))
            return fa_fail(FA_EFORMAT, "%s: record %zu (%s) cannot be right; pack the data again", path, i,
                           index->file_name[i]);
    if (index->annotation_offset[0] != 0 || (uint64_t)index->annotation_offset[n] != index->n_annotations)
        return fa_fail(FA_EFORMAT, "%s: annotation_offset cannot be right; pack the data again", path);
    for (size_t i = 0; i < index->n_annotations; i++)
        if (!annotation_is_sound(index, i))
            return fa_fail(FA_EFORMAT, "%s: annotation %" PRId64 " cannot be right; pack the data again",
                           path, index->annotation_id[i]);
    return FA_OK;
}

/* ---- hashes ---- */

uint64_t fa_shard_index_category_hash(const struct fa_shard_index *index)
{
    uint64_t hash = FA_HASH_START;

    for (size_t i = 0; i < index->n_categories; i++) {
        hash = fa_hash(hash, &index->category_id[i], sizeof index->category_id[i]);
        hash = fa_hash(hash, index->category_name[i], strlen(index->category_name[i]) + 1);
    }
    return hash;
}

static uint64_t hash_annotation(const struct fa_shard_index *index, size_t i, uint64_t hash)
{
    hash = fa_hash(hash, &index->bbox[4 * i], 4 * sizeof *index->bbox);
    hash = fa_hash(hash, &index->label[i], sizeof *index->label);
    hash = fa_hash(hash, &index->annotation_id[i], sizeof *index->annotation_id);
    hash = fa_hash(hash, &index->area[i], sizeof *index->area);
    hash = fa_hash(hash, &index->crowd[i], 1);
    return fa_hash(hash, &index->ignore[i], 1);
}

uint64_t fa_shard_index_content_hash(const struct fa_shard_index *index, uint64_t hash)
{
    for (size_t i = 0; i < index->n_records; i++) {
        const int64_t first = index->annotation_offset[i], end = index->annotation_offset[i + 1];
        const int64_t n = end - first;

        hash = fa_hash(hash, &index->image_id[i], sizeof *index->image_id);
        hash = fa_hash(hash, &index->length[i], sizeof *index->length);
        hash = fa_hash(hash, &index->crc[i], sizeof *index->crc);
        hash = fa_hash(hash, &index->width[i], sizeof *index->width);
        hash = fa_hash(hash, &index->height[i], sizeof *index->height);
        hash = fa_hash(hash, &index->orientation[i], 1);
        hash = fa_hash(hash, &n, sizeof n);
        for (int64_t a = first; a < end; a++)
            hash = hash_annotation(index, (size_t)a, hash);
    }
    return hash;
}
