#include <inttypes.h>
#include <string.h>

#include "fa/memory.h"
#include "hdf5_room.h"

/* Extent of a dataset into info, with the number of elements, which must be countable. */
static fa_status inspect_space(const struct fa_h5 *file, const char *name, hid_t dataset,
                               struct fa_h5_info *info)
{
    hid_t space = H5Dget_space(dataset);
    H5S_class_t class = H5Sget_simple_extent_type(space);
    int n_dims = H5Sget_simple_extent_ndims(space);
    hsize_t extent[H5S_MAX_RANK] = {0};

    if (n_dims > 0 && n_dims <= FA_H5_MAX_DIMS)
        n_dims = H5Sget_simple_extent_dims(space, extent, NULL);
    H5Sclose(space);
    if (n_dims < 0 || class == H5S_NULL)
        return fa_fail(FA_EFORMAT, "%s: %s: has no readable shape", file->path, name);
    if (n_dims > FA_H5_MAX_DIMS)
        return fa_fail(FA_EFORMAT, "%s: %s: has %d dimensions where at most %d are expected", file->path,
                       name, n_dims, FA_H5_MAX_DIMS);
    info->n_dims = n_dims;
    info->n_elem = 1;
    for (int i = 0; i < n_dims; i++) {
        if (extent[i] > INT64_MAX || __builtin_mul_overflow(info->n_elem, (int64_t)extent[i], &info->n_elem))
            return fa_fail(FA_EFORMAT, "%s: %s: has more elements than can be counted", file->path, name);
        info->dims[i] = (int64_t)extent[i];
    }
    return FA_OK;
}

static fa_status inspect_type(const struct fa_h5 *file, const char *name, hid_t dataset,
                              enum fa_h5_type *type)
{
    hid_t id = H5Dget_type(dataset);
    bool known = id >= 0 && fa_h5_type_of(id, type);

    H5Tclose(id);
    if (!known)
        return fa_fail(FA_EFORMAT,
                       "%s: %s: is of a type that is not read here; store it as uint8, int32, "
                       "int64, uint32, uint64, float32 or float64",
                       file->path, name);
    return FA_OK;
}

/* No dataset is larger than its file, and contiguous data end within it. */
static fa_status check_extent(const struct fa_h5 *file, const char *name, const struct fa_h5_info *info)
{
    hsize_t file_bytes;
    size_t n_bytes;

    if (H5Fget_filesize(file->id, &file_bytes) < 0)
        return fa_h5_fail(FA_EIO, file, name, "cannot find out the file's size");
    if (!fa_size_mul((size_t)info->n_elem, fa_h5_type_bytes(info->type), &n_bytes) || n_bytes > file_bytes ||
        (info->file_offset >= 0 && (hsize_t)info->file_offset > file_bytes - n_bytes))
        return fa_fail(FA_EFORMAT, "%s: %s: claims %" PRId64 " elements, more than the file holds",
                       file->path, name, info->n_elem);
    return FA_OK;
}

static fa_status inspect_open(const struct fa_h5 *file, const char *name, hid_t dataset,
                              struct fa_h5_info *info)
{
    haddr_t offset = H5Dget_offset(dataset);

    *info = (struct fa_h5_info){.file_offset = -1};
    FA_TRY(inspect_type(file, name, dataset, &info->type));
    FA_TRY(inspect_space(file, name, dataset, info));
    if (offset != HADDR_UNDEF && offset <= INT64_MAX)
        info->file_offset = (int64_t)offset;
    H5Eclear2(H5E_DEFAULT); /* of H5Dget_offset: no offset is no failure */
    return check_extent(file, name, info);
}

fa_status fa_h5_open_dataset(const struct fa_h5 *file, const char *name, hid_t *dataset,
                             struct fa_h5_info *info)
{
    fa_status status;

    *dataset = H5Dopen2(file->id, name, H5P_DEFAULT);
    if (*dataset < 0)
        return fa_h5_fail(FA_EFORMAT, file, name, "no such dataset");
    status = inspect_open(file, name, *dataset, info);
    if (status != FA_OK)
        H5Dclose(*dataset);
    return status;
}

fa_status fa_h5_inspect(struct fa_h5 *file, const char *name, struct fa_h5_info *info)
{
    hid_t dataset;
    fa_status status;

    fa_h5_lock();
    status = fa_h5_open_dataset(file, name, &dataset, info);
    if (status == FA_OK)
        H5Dclose(dataset);
    fa_h5_unlock();
    return status;
}

static fa_status read_open(const struct fa_h5 *file, const char *name, hid_t dataset, enum fa_h5_type type,
                           const struct fa_h5_info *info, void *data)
{
    if (info->n_elem > 0 &&
        H5Dread(dataset, fa_h5_memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        return fa_h5_fail(FA_EFORMAT, file, name, "cannot read the dataset");
    return FA_OK;
}

static fa_status read_locked(const struct fa_h5 *file, const char *name, enum fa_h5_type type, int64_t n_elem,
                             void *data)
{
    struct fa_h5_info info;
    hid_t dataset;
    fa_status status;

    FA_TRY(fa_h5_open_dataset(file, name, &dataset, &info));
    if (info.n_elem == n_elem)
        status = read_open(file, name, dataset, type, &info, data);
    else
        status = fa_fail(FA_EFORMAT, "%s: %s: has %" PRId64 " elements where %" PRId64 " are expected",
                         file->path, name, info.n_elem, n_elem);
    H5Dclose(dataset);
    return status;
}

fa_status fa_h5_read(struct fa_h5 *file, const char *name, enum fa_h5_type type, int64_t n_elem, void *data)
{
    fa_status status;

    fa_h5_lock();
    status = read_locked(file, name, type, n_elem, data);
    fa_h5_unlock();
    return status;
}

static fa_status read_alloc_locked(const struct fa_h5 *file, const char *name, enum fa_h5_type type,
                                   void **data, int64_t *n_elem)
{
    struct fa_h5_info info;
    hid_t dataset;
    fa_status status;

    FA_TRY(fa_h5_open_dataset(file, name, &dataset, &info));
    status = fa_alloc((size_t)info.n_elem, fa_h5_type_bytes(type), data);
    if (status == FA_OK)
        status = read_open(file, name, dataset, type, &info, *data);
    if (status == FA_OK)
        *n_elem = info.n_elem;
    H5Dclose(dataset);
    return status;
}

fa_status fa_h5_read_alloc(struct fa_h5 *file, const char *name, enum fa_h5_type type, void *data,
                           int64_t *n_elem)
{
    void *block = NULL;
    fa_status status;

    *n_elem = 0;
    fa_h5_lock();
    status = read_alloc_locked(file, name, type, &block, n_elem);
    fa_h5_unlock();
    if (status != FA_OK) {
        fa_free(block);
        block = NULL;
    }
    memcpy(data, &block, sizeof block); /* the caller's variable is a pointer to any type */
    return status;
}
