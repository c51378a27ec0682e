/*
 * tensors.h - weights files in memory, made of names and shapes.
 */
#ifndef FA_TESTS_WEIGHTS_TENSORS_H
#define FA_TESTS_WEIGHTS_TENSORS_H

#include "fa/weights.h"

/* A file without tensors, and one tensor more in it (in any order); all values are fill. Freed with
   fa_weights_free after test_file_sort, which is to be called once all are in. */
struct fa_weights_file *test_file_create(void);
void test_file_add(struct fa_weights_file *file, const char *name, int n_dims, const int64_t *dims,
                   float fill);
void test_file_sort(struct fa_weights_file *file);

/* A file of tensors of one element each, whose value is the place of the name in the list; NULL ends it. */
struct fa_weights_file *test_file_of(const char *const *names);

#endif
