/*
 * pickle.h - Python's pickles, as far as the checkpoints of PyTorch need them, as a tree of values.
 *
 * A pickle is a program for a machine with a stack and a memo. This machine builds values and calls nothing:
 * a pickle names functions and classes ("globals"), and each that checkpoints are known to name has a role
 * here (pickle_globals.h). Any other is refused by its name, whatever the pickle means to do with it. Lengths
 * are bounded by the file, steps and indices by constants, and no function here recurses.
 */
#ifndef FA_PICKLE_H
#define FA_PICKLE_H

#include "pickle_source.h"

enum fa_pickle_kind {
    FA_PICKLE_BOOL,
    FA_PICKLE_INT,
    FA_PICKLE_BIG_INT, /* text: its bytes, little-endian, two's complement */
    FA_PICKLE_TEXT,    /* str or bytes */
    FA_PICKLE_LIST,
    FA_PICKLE_TUPLE,
    FA_PICKLE_DICT, /* items: key, value, key, value, ... as they came, keys perhaps more than once */
    FA_PICKLE_GLOBAL,
    FA_PICKLE_STORAGE,
    FA_PICKLE_TENSOR,
    FA_PICKLE_OTHER, /* of no use here; only what it is is known */
    FA_PICKLE_MARK   /* only on the machine's stack */
};

/* Values may be shared, and a list may hold itself. */
struct fa_pickle_value {
    enum fa_pickle_kind kind;
    union {
        bool truth;
        int64_t integer;
        struct {
            const char *bytes; /* with a 0 after them */
            size_t n;
        } text;
        struct {
            struct fa_pickle_value **items;
            size_t n, room;
        } list; /* also of a tuple and a dict */
        const struct fa_pickle_global *global;
        struct {
            const struct fa_pickle_global *type;
            const struct fa_pickle_value *key; /* a text */
            int64_t n_elem;
            const struct fa_pickle_value *next; /* storage of the pickle; NULL: the last */
        } storage;
        const struct fa_pickle_value *arguments; /* of a tensor: storage, offset, size, strides, ... */
        const struct fa_pickle_global *what; /* of another: what made it; NULL: a plain value such as None */
    } is;
};

struct fa_pickle_block; /* the memory of the values */

struct fa_pickle {
    struct fa_pickle_value *root;
    const struct fa_pickle_value *storages; /* a chain; one is in it as often as the pickle names it */
    struct fa_pickle_block *blocks;
};

/* Runs the pickle at the source's position, which ends up behind it. FA_EFORMAT for a damaged pickle, for
   opcodes of no use here, and for globals without a role, named. */
fa_status fa_pickle_read(struct fa_pickle_source *source, struct fa_pickle *out) FA_CHECK_RESULT;
void fa_pickle_free(struct fa_pickle *pickle);

/* The value under a key of a dict, the last if there are several; NULL if there is none or value, which may
   be NULL, is no dict. */
struct fa_pickle_value *fa_pickle_get(const struct fa_pickle_value *value, const char *key);

bool fa_pickle_is_text(const struct fa_pickle_value *value, const char *text);

/* What the value is, for messages: "a list", "numpy.ndarray". */
const char *fa_pickle_describe(const struct fa_pickle_value *value, char *text, size_t size);

#endif
