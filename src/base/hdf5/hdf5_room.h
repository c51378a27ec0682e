/*
 * hdf5_room.h - what the hdf5*.c files share: the open file, the lock, failures and types.
 */
#ifndef FA_BASE_HDF5_ROOM_H
#define FA_BASE_HDF5_ROOM_H

#define H5_USE_110_API /* later libraries keep the calls of 1.10 under it */
#include <hdf5.h>

#include "fa/h5.h"

struct fa_h5 {
    hid_t id;
    char *path;
};

/* Around every use of the library. Each public function locks; the static ones it calls do not. */
void fa_h5_lock(void);
void fa_h5_unlock(void);

/* A failure of a library call just made: "path: name: what: the library's innermost reason". name may be
 * NULL. */
fa_status fa_h5_fail(fa_status code, const struct fa_h5 *file, const char *name,
                     const char *what) FA_CHECK_RESULT;

/* The type in memory, and as stored: little endian. Predefined, not to be closed. */
hid_t fa_h5_memory_type(enum fa_h5_type type);
hid_t fa_h5_stored_type(enum fa_h5_type type);
size_t fa_h5_type_bytes(enum fa_h5_type type);

/* Which of ours a type found in a file is; false if none. */
bool fa_h5_type_of(hid_t id, enum fa_h5_type *type);

/* With the lock held: an existing dataset, open (H5Dclose), its shape and type checked against the file. */
fa_status fa_h5_open_dataset(const struct fa_h5 *file, const char *name, hid_t *dataset,
                             struct fa_h5_info *info) FA_CHECK_RESULT;

#endif
