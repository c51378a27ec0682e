/*
 * option.h - the one table of configuration keys: help, checking, defaults and the resolved configuration
 * come from it.
 */
#ifndef FA_CLI_RECIPE_OPTION_H
#define FA_CLI_RECIPE_OPTION_H

#include <stddef.h>

#include "fa/json.h"
#include "fa/status.h"
#include "settings.h"

enum fa_option_type {
    FA_OPTION_BOOL,   /* bool */
    FA_OPTION_INT,    /* int */
    FA_OPTION_INT64,  /* int64_t */
    FA_OPTION_SIZE,   /* size_t */
    FA_OPTION_SEED,   /* uint64_t */
    FA_OPTION_NUMBER, /* double */
    FA_OPTION_STRING, /* const char *, borrowed from the resolved tree */
    FA_OPTION_CHOICE, /* int: the index into choices */
    FA_OPTION_INTS,   /* int[count] */
    FA_OPTION_FLOATS, /* float[count] */
    FA_OPTION_SCALES, /* struct fa_scales of up to count pairs; none for "auto", where that is the default */
    FA_OPTION_EPOCHS, /* int64_t[up to count], rising, their number in an int at count_offset */
    FA_OPTION_PATHS,  /* struct fa_paths, borrowed from the resolved tree */
    FA_OPTION_NUMBERS /* float[up to count], perhaps none, their number in an int at count_offset */
};

struct fa_option {
    const char *key; /* "train.batch" */
    enum fa_option_type type;
    size_t offset;        /* into struct fa_settings */
    const char *fallback; /* the default, as JSON */
    double min, max;      /* the range of a number, or of each in a list */
    const char *sentence;
    const char *const *choices; /* NULL at the end; of an int: the only numbers that it may be, or NULL */
    size_t count, count_offset;
};

extern const struct fa_option fa_options[]; /* key NULL at the end */

/* Checks value against the option and stores it in settings. The message names the key and what is allowed.
 */
fa_status fa_option_store(const struct fa_option *option, const struct fa_json *value,
                          struct fa_settings *settings) FA_CHECK_RESULT;

/* "number, 0 .. 1" and the like, for people. */
void fa_option_print_range(const struct fa_option *option, char *text, size_t size);

/* The option whose last word this is, "train.lr" of "lr"; NULL if there is none, or more than one. */
const struct fa_option *fa_option_by_last_word(const char *word);

#endif
