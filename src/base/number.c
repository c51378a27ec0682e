#include "fa/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/log.h"

/* From here on a range leaves no int64_t out. */
#define NO_BOUND 0x1p63

bool fa_range_holds(const struct fa_range *range, long double value)
{
    return value >= range->min && value <= range->max &&
           (range->kind != FA_NUMBER_WHOLE || value == floorl(value));
}

void fa_range_print(const struct fa_range *range, char *text, size_t size)
{
    const char *kind = range->kind == FA_NUMBER_WHOLE ? "a whole number" : "a number";

    if (range->max >= NO_BOUND)
        snprintf(text, size, "%s", kind);
    else
        snprintf(text, size, "%s from %.16g to %.16g", kind, range->min, range->max);
}

static fa_status wrong(const char *what, const char *text, const struct fa_range *range)
{
    char expected[96];

    fa_range_print(range, expected, sizeof expected);
    return fa_fail(FA_EINVAL, "%s %.100s: expected %s", what, text, expected);
}

/* The C library would also take white space, hexadecimal numbers, "inf" and "nan". */
static bool consists_of(const char *text, const char *letters)
{
    return text[0] != '\0' && text[strspn(text, letters)] == '\0';
}

fa_status fa_number_whole(const char *what, const char *text, const struct fa_range *range, int64_t *out)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (!consists_of(text, "+-0123456789") || *end != '\0' || errno != 0 || !fa_range_holds(range, value))
        return wrong(what, text, range);
    *out = value;
    return FA_OK;
}

fa_status fa_number_real(const char *what, const char *text, const struct fa_range *range, double *out)
{
    char *end;
    const double value = strtod(text, &end);

    if (!consists_of(text, "+-.0123456789eE") || *end != '\0' || !fa_range_holds(range, value))
        return wrong(what, text, range);
    *out = value;
    return FA_OK;
}

int64_t fa_number_environment(const char *name, const struct fa_range *range, int64_t fallback)
{
    const char *text = getenv(name);
    int64_t value = fallback;

    if (text != NULL && fa_number_whole(name, text, range, &value) != FA_OK)
        fa_warn("in the environment, %s; it is ignored", fa_message());
    return value;
}
