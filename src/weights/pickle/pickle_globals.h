/*
 * pickle_globals.h - the functions and classes that a pickle may name, and what naming them means here.
 */
#ifndef FA_PICKLE_GLOBALS_H
#define FA_PICKLE_GLOBALS_H

#include <stddef.h>

enum fa_pickle_role {
    FA_PICKLE_REBUILD_TENSOR,    /* (storage, offset, size, strides, ...): a tensor */
    FA_PICKLE_REBUILD_PARAMETER, /* (tensor, ...): that tensor */
    FA_PICKLE_REBUILD_TYPE,      /* (function, type, arguments, ...): what the function gives */
    FA_PICKLE_MAKE_DICT,
    FA_PICKLE_STORAGE_TYPE,
    FA_PICKLE_INERT /* found in parts of checkpoints that are not read: whatever comes of it is of no use here
                     */
};

enum { FA_PICKLE_LEFT_OUT = -1 };

struct fa_pickle_global {
    const char *module, *name;
    enum fa_pickle_role role;
    int number;  /* of a storage type: enum fa_number, or FA_PICKLE_LEFT_OUT for integers */
    size_t size; /* of a storage type: bytes of an element */
};

/* NULL for what has no role. */
const struct fa_pickle_global *fa_pickle_global_find(const char *module, const char *name);

#endif
