/*
 * h5.h - flat datasets and attributes in HDF5 files. The only user of the HDF5 library is behind it.
 *
 * Every call takes one process-wide lock, since the library is not thread safe; none belongs on a hot path.
 * Datasets are contiguous and unfiltered; strings are stored as fixed-length, or joined (see write_strings).
 * A file is read with file locking off, for NFS and Lustre. It may come from strangers: what it may hold is
 * in data/FORMAT.md ("HDF5 files that are read"), and all else is refused. Sizes are checked against the
 * file's size before memory is taken. Messages name the file and the dataset.
 */
#ifndef FA_H5_H
#define FA_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/new_file.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

#define FA_H5_MAX_DIMS 5

enum fa_h5_type { FA_H5_U8, FA_H5_I32, FA_H5_I64, FA_H5_U32, FA_H5_U64, FA_H5_F32, FA_H5_F64 };

struct fa_h5; /* an open file */

/* Writing goes to exactly the path given; or to a file in the making, which is committed when this is closed.
 */
fa_status fa_h5_create(const char *path, struct fa_h5 **out) FA_CHECK_RESULT;
fa_status fa_h5_create_in(const struct fa_new_file *file, struct fa_h5 **out) FA_CHECK_RESULT;
fa_status fa_h5_open(const char *path, struct fa_h5 **out) FA_CHECK_RESULT;

/* Flushes and closes; the handle is gone either way. NULL is fine. */
fa_status fa_h5_close(struct fa_h5 *file) FA_CHECK_RESULT;

/* Closes after work that ended with status: gives the first failure of the two, with its message. */
fa_status fa_h5_finish(struct fa_h5 *file, fa_status status) FA_CHECK_RESULT;

/* A file by the whole protocol of new_file.h: what write puts into it is complete under path, or path is what
   it was. */
typedef fa_status (*fa_h5_write_fn)(void *context, struct fa_h5 *file);
fa_status fa_h5_save(const char *path, fa_h5_write_fn write, void *context) FA_CHECK_RESULT;

/* A dataset with all its data. Intermediate groups in name ("grad/backbone") are made. */
fa_status fa_h5_write(struct fa_h5 *file, const char *name, enum fa_h5_type type, int n_dims,
                      const int64_t *dims, const void *data) FA_CHECK_RESULT;

/* A dataset whose data come in pieces: create with its size, then write [offset, offset + n) elements. */
fa_status fa_h5_create_dataset(struct fa_h5 *file, const char *name, enum fa_h5_type type, int n_dims,
                               const int64_t *dims) FA_CHECK_RESULT;
fa_status fa_h5_write_range(struct fa_h5 *file, const char *name, enum fa_h5_type type, int64_t offset,
                            int64_t n, const void *data) FA_CHECK_RESULT; /* one-dimensional datasets */

struct fa_h5_info {
    enum fa_h5_type type; /* the stored one */
    int n_dims;           /* 0 for a scalar */
    int64_t dims[FA_H5_MAX_DIMS];
    int64_t n_elem;
    int64_t file_offset; /* of the contiguous data in the file; -1 if not contiguous or not yet allocated */
};

fa_status fa_h5_inspect(struct fa_h5 *file, const char *name, struct fa_h5_info *info) FA_CHECK_RESULT;

/* Reads the whole dataset, converted to type, into a buffer for exactly n_elem elements; another count is
 * FA_EFORMAT. */
fa_status fa_h5_read(struct fa_h5 *file, const char *name, enum fa_h5_type type, int64_t n_elem,
                     void *data) FA_CHECK_RESULT;

/* As fa_h5_read, but allocates: *data is freed by the caller with fa_free, *n_elem is what was found. */
fa_status fa_h5_read_alloc(struct fa_h5 *file, const char *name, enum fa_h5_type type, void *data,
                           int64_t *n_elem) FA_CHECK_RESULT;

/* A list of strings, stored as two datasets: "<name>" (uint8, end to end) and "<name>_offset" (int64, n + 1
   values). read gives one block: an array of n pointers followed by the texts; one fa_free frees all. */
fa_status fa_h5_write_strings(struct fa_h5 *file, const char *name, size_t n,
                              const char *const *strings) FA_CHECK_RESULT;
fa_status fa_h5_read_strings(struct fa_h5 *file, const char *name, size_t *n,
                             char ***strings) FA_CHECK_RESULT;

/* Attributes of the file's root group; set replaces. A string attribute is returned as a copy (fa_free); the
   variable-length ones of h5py are read too. */
fa_status fa_h5_set_string(struct fa_h5 *file, const char *key, const char *value) FA_CHECK_RESULT;
fa_status fa_h5_get_string(struct fa_h5 *file, const char *key, char **value) FA_CHECK_RESULT;
fa_status fa_h5_set_numbers(struct fa_h5 *file, const char *key, enum fa_h5_type type, size_t n,
                            const void *values) FA_CHECK_RESULT;
fa_status fa_h5_get_numbers(struct fa_h5 *file, const char *key, enum fa_h5_type type, size_t n,
                            void *values) FA_CHECK_RESULT;
bool fa_h5_has_attribute(struct fa_h5 *file, const char *key);

/* FA_EFORMAT if the attributes `format` and `version` say that the file is of this format in a version above
   newest. Files of the first version have neither. */
fa_status fa_h5_check_version(struct fa_h5 *file, const char *format, int newest) FA_CHECK_RESULT;

/* Calls visit for every dataset of the file, in name order, groups included ("a/b/c"). Stops at the first
 * failure. */
typedef fa_status (*fa_h5_visit_fn)(void *context, const char *name, const struct fa_h5_info *info);
fa_status fa_h5_visit(struct fa_h5 *file, fa_h5_visit_fn visit, void *context) FA_CHECK_RESULT;

const char *fa_h5_library(void); /* "HDF5 1.10.8" */

FA_END_DECLARATIONS

#endif
