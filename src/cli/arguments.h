/*
 * arguments.h - the words after a sub-command: flags described in a table, and plain arguments.
 */
#ifndef FA_CLI_ARGUMENTS_H
#define FA_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/number.h"

enum { FA_LIST_MAX = 32 };

struct fa_list {
    char separator;
    size_t n; /* how many there must be; 0: any number up to FA_LIST_MAX */
};

struct fa_flag {
    const char *name;  /* "--config"; NULL ends a table */
    const char *value; /* what its value is called in help, "FILE"; NULL: a switch without a value */
    const char *help;
    bool required;
    struct fa_range range; /* of a number, or of each in a list: checked as the words are read */
    struct fa_list list;   /* of numbers; separator '\0': one number */
};

#define FA_LIST(separator, n)                                                                                \
    {                                                                                                        \
        separator, n                                                                                         \
    }

/* The range and list of "800x1344". */
#define FA_SIDES FA_WHOLE(32, 8192), FA_LIST('x', 2)

struct fa_argument {
    const struct fa_flag *flag; /* NULL: a plain argument */
    const char *value;          /* NULL for a switch */
    int64_t whole;              /* value, where the flag's range is of one such number */
    double real;
};

/* Borrowed from argv. */
struct fa_arguments {
    size_t n;
    struct fa_argument *given; /* in the order of the command line */
};

/* Reads "--name value", "--name=value" and switches; "--" ends flags. tables is a list of flag tables, NULL
   at the end. FA_EINVAL: an unknown flag, with the nearest name, or a number out of its range, with that
   range.
   --help is accepted whatever else is missing. */
fa_status fa_arguments_parse(int argc, char **argv, const struct fa_flag *const *tables,
                             struct fa_arguments *out) FA_CHECK_RESULT;
void fa_arguments_clear(struct fa_arguments *arguments);

/* The last value given, or NULL; "" for a switch that was given. name NULL: plain arguments. */
const char *fa_arguments_get(const struct fa_arguments *arguments, const char *name);

/* The k-th value of a repeated flag or plain argument, or NULL. */
const char *fa_arguments_nth(const struct fa_arguments *arguments, const char *name, size_t k);

/* The number of a flag whose row has a range; fallback if it was not given. */
int64_t fa_arguments_whole(const struct fa_arguments *arguments, const char *name, int64_t fallback);
double fa_arguments_real(const struct fa_arguments *arguments, const char *name, double fallback);

/* The whole numbers of a flag whose row has a list; returns how many, 0 if it was not given. */
size_t fa_arguments_list(const struct fa_arguments *arguments, const char *name, int64_t out[FA_LIST_MAX]);

/* The size of an image that the network takes, "800x1344" (height first), of a flag of FA_SIDES;
 *h and *w stay if it was not given. */
fa_status fa_arguments_size(const struct fa_arguments *arguments, const char *name, int *h,
                            int *w) FA_CHECK_RESULT;

#endif
