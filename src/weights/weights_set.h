/*
 * weights_set.h - a set of tensors in the making, which every reader of weights fills.
 */
#ifndef FA_WEIGHTS_SET_H
#define FA_WEIGHTS_SET_H

#include "fa/weights.h"

/* The file that is read. */
struct fa_weights_input {
    const char *path; /* for messages */
    int fd;
    uint64_t n_bytes;
};

struct fa_weights_set {
    const char *path;
    struct fa_weights_file *file;
    size_t room;     /* tensors that file->tensors has room for */
    uint64_t budget; /* bytes that may still be taken: what bounds the memory by the size of the file */
};

/* A tensor of this name and shape, its numbers not yet set; file owns it, also where this fails. FA_EFORMAT
   for a name that is no printable UTF-8, too many dimensions, and more bytes than the budget has left. */
fa_status fa_weights_set_add(struct fa_weights_set *set, const char *name, int n_dims, const int64_t *dims,
                             struct fa_tensor **out) FA_CHECK_RESULT;

/* Puts the tensors in the order of their names; FA_EFORMAT for a name that is there twice. */
fa_status fa_weights_set_sort(struct fa_weights_set *set) FA_CHECK_RESULT;

#endif
