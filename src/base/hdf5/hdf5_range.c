#include <inttypes.h>

#include "hdf5_room.h"

/* The elements [offset, offset + n) of a one-dimensional dataset: in memory, and selected in the file. */
struct range {
    hid_t dataset, memory, stored;
};

static fa_status range_check(const struct fa_h5 *file, const char *name, const struct fa_h5_info *info,
                             int64_t offset, int64_t n)
{
    if (info->n_dims != 1)
        return fa_fail(FA_EFORMAT, "%s: %s: has %d dimensions where 1 is expected", file->path, name,
                       info->n_dims);
    if (offset < 0 || n < 0 || offset > info->n_elem || n > info->n_elem - offset)
        return fa_fail(FA_EFORMAT,
                       "%s: %s: %" PRId64 " elements at %" PRId64 " do not exist, it has %" PRId64,
                       file->path, name, n, offset, info->n_elem);
    return FA_OK;
}

static fa_status range_select(const struct fa_h5 *file, const char *name, int64_t offset, int64_t n,
                              struct range *range)
{
    const hsize_t start = (hsize_t)offset, count = (hsize_t)n;

    range->memory = H5Screate_simple(1, &count, NULL);
    range->stored = H5Dget_space(range->dataset);
    if (H5Sselect_hyperslab(range->stored, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0)
        return fa_h5_fail(FA_EFORMAT, file, name, "cannot select a range");
    return FA_OK;
}

/* Whether all is written: the library writes some of it only now. */
static bool range_close(struct range *range)
{
    if (range->memory >= 0)
        H5Sclose(range->memory);
    if (range->stored >= 0)
        H5Sclose(range->stored);
    return H5Dclose(range->dataset) >= 0;
}

static fa_status range_open(const struct fa_h5 *file, const char *name, int64_t offset, int64_t n,
                            struct range *range)
{
    struct fa_h5_info info;
    fa_status status;

    *range = (struct range){.memory = H5I_INVALID_HID, .stored = H5I_INVALID_HID};
    FA_TRY(fa_h5_open_dataset(file, name, &range->dataset, &info));
    status = range_check(file, name, &info, offset, n);
    if (status == FA_OK)
        status = range_select(file, name, offset, n, range);
    if (status != FA_OK)
        range_close(range);
    return status;
}

static fa_status write_locked(struct fa_h5 *file, const char *name, enum fa_h5_type type, int64_t offset,
                              int64_t n, const void *data)
{
    struct range range;
    fa_status status = FA_OK;

    FA_TRY(range_open(file, name, offset, n, &range));
    if (H5Dwrite(range.dataset, fa_h5_memory_type(type), range.memory, range.stored, H5P_DEFAULT, data) < 0)
        status = fa_h5_fail(FA_EIO, file, name, "cannot write a range");
    if (!range_close(&range) && status == FA_OK)
        status = fa_h5_fail(FA_EIO, file, name, "cannot write a range");
    return status;
}

fa_status fa_h5_write_range(struct fa_h5 *file, const char *name, enum fa_h5_type type, int64_t offset,
                            int64_t n, const void *data)
{
    fa_status status;

    fa_h5_lock();
    status = write_locked(file, name, type, offset, n, data);
    fa_h5_unlock();
    return status;
}
