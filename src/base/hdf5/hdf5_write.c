#include <inttypes.h>

#include "hdf5_room.h"

/* What every dataset is: contiguous, its place in the file known at once, the same bytes on every day. */
static hid_t creation_properties(void)
{
    hid_t id = H5Pcreate(H5P_DATASET_CREATE);

    if (id >= 0 &&
        (H5Pset_layout(id, H5D_CONTIGUOUS) < 0 || H5Pset_alloc_time(id, H5D_ALLOC_TIME_EARLY) < 0 ||
         H5Pset_fill_time(id, H5D_FILL_TIME_NEVER) < 0 || H5Pset_obj_track_times(id, false) < 0)) {
        H5Pclose(id);
        return H5I_INVALID_HID;
    }
    return id;
}

static hid_t link_properties(void)
{
    hid_t id = H5Pcreate(H5P_LINK_CREATE);

    if (id >= 0 && H5Pset_create_intermediate_group(id, 1) < 0) {
        H5Pclose(id);
        return H5I_INVALID_HID;
    }
    return id;
}

static hid_t make_space(int n_dims, const int64_t *dims)
{
    hsize_t extent[FA_H5_MAX_DIMS];

    if (n_dims == 0)
        return H5Screate(H5S_SCALAR);
    for (int i = 0; i < n_dims; i++)
        extent[i] = (hsize_t)dims[i];
    return H5Screate_simple(n_dims, extent, NULL);
}

/* A new dataset, open. */
static fa_status create_locked(struct fa_h5 *file, const char *name, enum fa_h5_type type, int n_dims,
                               const int64_t *dims, hid_t *dataset)
{
    hid_t creation = creation_properties(), link = link_properties(), space = make_space(n_dims, dims);
    fa_status status = FA_OK;

    *dataset = H5Dcreate2(file->id, name, fa_h5_stored_type(type), space, link, creation, H5P_DEFAULT);
    if (*dataset < 0)
        status = fa_h5_fail(FA_EIO, file, name, "cannot create the dataset");
    H5Sclose(space);
    H5Pclose(link);
    H5Pclose(creation);
    return status;
}

static fa_status check_dims(const struct fa_h5 *file, const char *name, int n_dims, const int64_t *dims)
{
    if (n_dims < 0 || n_dims > FA_H5_MAX_DIMS)
        return fa_fail(FA_EINVAL, "%s: %s: %d dimensions where 0 to %d are possible", file->path, name,
                       n_dims, FA_H5_MAX_DIMS);
    for (int i = 0; i < n_dims; i++)
        if (dims[i] < 0)
            return fa_fail(FA_EINVAL, "%s: %s: dimension %d is negative: %" PRId64, file->path, name, i,
                           dims[i]);
    return FA_OK;
}

static bool is_empty(int n_dims, const int64_t *dims)
{
    for (int i = 0; i < n_dims; i++)
        if (dims[i] == 0)
            return true;
    return false;
}

static fa_status write_locked(struct fa_h5 *file, const char *name, enum fa_h5_type type, int n_dims,
                              const int64_t *dims, const void *data)
{
    hid_t dataset;
    fa_status status = FA_OK;

    FA_TRY(create_locked(file, name, type, n_dims, dims, &dataset));
    if (!is_empty(n_dims, dims) &&
        H5Dwrite(dataset, fa_h5_memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        status = fa_h5_fail(FA_EIO, file, name, "cannot write the dataset");
    if (H5Dclose(dataset) < 0 && status == FA_OK)
        status = fa_h5_fail(FA_EIO, file, name, "cannot write the dataset");
    return status;
}

fa_status fa_h5_write(struct fa_h5 *file, const char *name, enum fa_h5_type type, int n_dims,
                      const int64_t *dims, const void *data)
{
    fa_status status;

    FA_TRY(check_dims(file, name, n_dims, dims));
    fa_h5_lock();
    status = write_locked(file, name, type, n_dims, dims, data);
    fa_h5_unlock();
    return status;
}

fa_status fa_h5_create_dataset(struct fa_h5 *file, const char *name, enum fa_h5_type type, int n_dims,
                               const int64_t *dims)
{
    hid_t dataset;
    fa_status status;

    FA_TRY(check_dims(file, name, n_dims, dims));
    fa_h5_lock();
    status = create_locked(file, name, type, n_dims, dims, &dataset);
    if (status == FA_OK && H5Dclose(dataset) < 0)
        status = fa_h5_fail(FA_EIO, file, name, "cannot create the dataset");
    fa_h5_unlock();
    return status;
}
