#include <inttypes.h>
#include <string.h>

#include "fa/memory.h"
#include "hdf5_room.h"

/* A new attribute of the root group, in the place of one of the same name, with its value. */
static fa_status set_locked(struct fa_h5 *file, const char *key, hid_t stored, hid_t memory, hid_t space,
                            const void *value)
{
    hid_t attribute;
    fa_status status = FA_OK;

    if (H5Aexists(file->id, key) > 0 && H5Adelete(file->id, key) < 0)
        return fa_h5_fail(FA_EIO, file, key, "cannot replace the attribute");
    attribute = H5Acreate2(file->id, key, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0)
        return fa_h5_fail(FA_EIO, file, key, "cannot create the attribute");
    if (H5Awrite(attribute, memory, value) < 0)
        status = fa_h5_fail(FA_EIO, file, key, "cannot write the attribute");
    H5Aclose(attribute);
    return status;
}

/* A fixed-length UTF-8 type for n_bytes; a string of no bytes is stored as one zero. */
static hid_t make_string_type(size_t n_bytes)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, n_bytes > 0 ? n_bytes : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

fa_status fa_h5_set_string(struct fa_h5 *file, const char *key, const char *value)
{
    hid_t type, space;
    fa_status status;

    fa_h5_lock();
    type = make_string_type(strlen(value));
    space = H5Screate(H5S_SCALAR);
    status = set_locked(file, key, type, type, space, value);
    H5Sclose(space);
    H5Tclose(type);
    fa_h5_unlock();
    return status;
}

fa_status fa_h5_set_numbers(struct fa_h5 *file, const char *key, enum fa_h5_type type, size_t n,
                            const void *values)
{
    const hsize_t count = n;
    hid_t space;
    fa_status status;

    fa_h5_lock();
    space = H5Screate_simple(1, &count, NULL);
    status = set_locked(file, key, fa_h5_stored_type(type), fa_h5_memory_type(type), space, values);
    H5Sclose(space);
    fa_h5_unlock();
    return status;
}

static fa_status open_attribute(const struct fa_h5 *file, const char *key, hid_t *attribute)
{
    *attribute = H5Aopen(file->id, key, H5P_DEFAULT);
    if (*attribute < 0)
        return fa_h5_fail(FA_EFORMAT, file, key, "no such attribute");
    return FA_OK;
}

/* -1 if the shape cannot be read. */
static hssize_t count_values(hid_t attribute)
{
    hid_t space = H5Aget_space(attribute);
    hssize_t n = H5Sget_simple_extent_npoints(space);

    H5Sclose(space);
    return n;
}

static fa_status read_fixed_string(const struct fa_h5 *file, const char *key, hid_t attribute, hid_t type,
                                   char **value)
{
    size_t n_bytes = H5Tget_size(type);
    hsize_t file_bytes;

    if (H5Fget_filesize(file->id, &file_bytes) < 0 || n_bytes > file_bytes)
        return fa_fail(FA_EFORMAT, "%s: %s: claims %zu bytes, more than the file holds", file->path, key,
                       n_bytes);
    FA_TRY(fa_alloc_zero(n_bytes + 1, 1, value));
    if (H5Aread(attribute, type, *value) < 0)
        return fa_h5_fail(FA_EFORMAT, file, key, "cannot read the attribute");
    return FA_OK;
}

/* What h5py writes for a str. */
static fa_status read_variable_string(const struct fa_h5 *file, const char *key, hid_t attribute, hid_t type,
                                      char **value)
{
    char *text = NULL;
    fa_status status;

    if (H5Aread(attribute, type, &text) < 0)
        return fa_h5_fail(FA_EFORMAT, file, key, "cannot read the attribute");
    status = fa_strdup(text != NULL ? text : "", value);
    H5free_memory(text);
    return status;
}

static fa_status read_string(const struct fa_h5 *file, const char *key, hid_t attribute, char **value)
{
    hid_t type = H5Aget_type(attribute);
    fa_status status;

    if (H5Tget_class(type) != H5T_STRING || count_values(attribute) != 1)
        status = fa_fail(FA_EFORMAT, "%s: %s: is not one string", file->path, key);
    else if (H5Tis_variable_str(type) > 0)
        status = read_variable_string(file, key, attribute, type, value);
    else
        status = read_fixed_string(file, key, attribute, type, value);
    H5Tclose(type);
    return status;
}

fa_status fa_h5_get_string(struct fa_h5 *file, const char *key, char **value)
{
    hid_t attribute;
    fa_status status;

    *value = NULL;
    fa_h5_lock();
    status = open_attribute(file, key, &attribute);
    if (status == FA_OK) {
        status = read_string(file, key, attribute, value);
        H5Aclose(attribute);
    }
    fa_h5_unlock();
    if (status != FA_OK) {
        fa_free(*value);
        *value = NULL;
    }
    return status;
}

static fa_status read_numbers(const struct fa_h5 *file, const char *key, hid_t attribute,
                              enum fa_h5_type type, size_t n, void *values)
{
    hssize_t found = count_values(attribute);

    if (found < 0 || (size_t)found != n)
        return fa_fail(FA_EFORMAT, "%s: %s: has %lld values where %zu are expected", file->path, key,
                       (long long)found, n);
    if (H5Aread(attribute, fa_h5_memory_type(type), values) < 0)
        return fa_h5_fail(FA_EFORMAT, file, key, "cannot read the attribute");
    return FA_OK;
}

fa_status fa_h5_get_numbers(struct fa_h5 *file, const char *key, enum fa_h5_type type, size_t n, void *values)
{
    hid_t attribute;
    fa_status status;

    fa_h5_lock();
    status = open_attribute(file, key, &attribute);
    if (status == FA_OK) {
        status = read_numbers(file, key, attribute, type, n, values);
        H5Aclose(attribute);
    }
    fa_h5_unlock();
    return status;
}

bool fa_h5_has_attribute(struct fa_h5 *file, const char *key)
{
    bool has;

    fa_h5_lock();
    has = H5Aexists(file->id, key) > 0;
    fa_h5_unlock();
    return has;
}
