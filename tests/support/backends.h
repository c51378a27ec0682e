/*
 * backends.h - which backends a test tries.
 */
#ifndef FA_TEST_BACKENDS_H
#define FA_TEST_BACKENDS_H

#include <stdlib.h>

#include "fa/backend.h"

/* The name of backend b, NULL after the last. Where one stands in for all, by FA_TEST_BACKEND, one name is
   enough. */
static inline const char *fa_test_backend(size_t b)
{
    return b > 0 && getenv("FA_TEST_BACKEND") != NULL ? NULL : fa_backend_known(b);
}

#endif
