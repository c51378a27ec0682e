/*
 * arguments.h - the words after a sub-command: flags described in a table, and plain arguments.
 */
#ifndef FA_CLI_ARGUMENTS_H
#define FA_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/status.h"

struct fa_flag {
    const char *name;  /* "--config"; NULL ends a table */
    const char *value; /* what its value is called in help, "FILE"; NULL: a switch without a value */
    const char *help;
    bool required;
};

struct fa_argument {
    const struct fa_flag *flag; /* NULL: a plain argument */
    const char *value;          /* NULL for a switch */
};

/* Borrowed from argv. */
struct fa_arguments {
    size_t n;
    struct fa_argument *given; /* in the order of the command line */
};

/* Reads "--name value", "--name=value" and switches; "--" ends flags. tables is a list of flag tables, NULL
   at the end. An unknown flag is FA_EINVAL with the nearest name; --help is accepted whatever else is
   missing. */
fa_status fa_arguments_parse(int argc, char **argv, const struct fa_flag *const *tables,
                             struct fa_arguments *out) FA_CHECK_RESULT;
void fa_arguments_clear(struct fa_arguments *arguments);

/* The last value given, or NULL; "" for a switch that was given. name NULL: plain arguments. */
const char *fa_arguments_get(const struct fa_arguments *arguments, const char *name);

/* The k-th value of a repeated flag or plain argument, or NULL. */
const char *fa_arguments_nth(const struct fa_arguments *arguments, const char *name, size_t k);

/* A whole number of a flag within [min, max]; fallback if it was not given. */
fa_status fa_arguments_int(const struct fa_arguments *arguments, const char *name, long min, long max,
                           long fallback, long *out) FA_CHECK_RESULT;

/* A number of a flag within [min, max]; fallback if it was not given. */
fa_status fa_arguments_number(const struct fa_arguments *arguments, const char *name, double min, double max,
                              double fallback, double *out) FA_CHECK_RESULT;

/* The size of an image that the network takes, "800x1344" (height first); *h and *w stay if it was not given.
 */
fa_status fa_arguments_size(const struct fa_arguments *arguments, const char *name, int *h,
                            int *w) FA_CHECK_RESULT;

#endif
