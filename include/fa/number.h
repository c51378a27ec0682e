/*
 * number.h - numbers that people and launchers give, in words or in JSON, and the range that each must lie
 * in. Whatever a user can set goes through here, so that no number wraps, is cut off or is half read.
 * Callable from any thread.
 */
#ifndef FA_NUMBER_H
#define FA_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

enum fa_number_kind { FA_NUMBER_NONE, FA_NUMBER_WHOLE, FA_NUMBER_REAL };

/* Both ends belong to it. */
struct fa_range {
    enum fa_number_kind kind; /* FA_NUMBER_NONE: what has this range is no number */
    double min, max;
};

/* To initialise a range. */
#define FA_WHOLE(min, max)                                                                                   \
    {                                                                                                        \
        FA_NUMBER_WHOLE, min, max                                                                            \
    }
#define FA_REAL(min, max)                                                                                    \
    {                                                                                                        \
        FA_NUMBER_REAL, min, max                                                                             \
    }

/* The largest number up to which JSON keeps all whole ones apart. */
#define FA_LARGEST_EXACT 9007199254740991.0

/* Exact for every int64_t; never true of NaN. */
bool fa_range_holds(const struct fa_range *range, long double value);

/* "a whole number from 1 to 8". */
void fa_range_print(const struct fa_range *range, char *text, size_t size);

/* All of text as a decimal number in the range. FA_EINVAL: "--images 12x: expected a whole number from 1 to
   8", where what is "--images". *out is untouched then. */
fa_status fa_number_whole(const char *what, const char *text, const struct fa_range *range,
                          int64_t *out) FA_CHECK_RESULT;
fa_status fa_number_real(const char *what, const char *text, const struct fa_range *range,
                         double *out) FA_CHECK_RESULT;

/* A whole number that the environment has under this name; fallback where it has none, or none in the range,
   which is warned of: a launcher's variable is a hint, not an order. */
int64_t fa_number_environment(const char *name, const struct fa_range *range, int64_t fallback);

FA_END_DECLARATIONS

#endif
