/*
 * pickle_machine.h - the state of a running pickle, and its instructions.
 */
#ifndef FA_PICKLE_MACHINE_H
#define FA_PICKLE_MACHINE_H

#include "pickle.h"
#include "pickle_globals.h"

struct fa_pickle_machine {
    struct fa_pickle_source *source;
    struct fa_pickle *pickle; /* in the making */
    struct fa_pickle_value **stack;
    size_t n_stack, stack_room;
    struct fa_pickle_value **memo; /* NULL: not set */
    size_t n_memo;                 /* room */
    size_t n_memoized;             /* the index that MEMOIZE takes next */
    size_t n_steps;                /* taken; what a step copies counts as well */
};

/* An instruction; the argument is from the table of opcodes. */
typedef fa_status (*fa_pickle_step)(struct fa_pickle_machine *machine, int argument);

/* "<path>: its pickle is damaged before byte <n>: <what>". */
fa_status fa_pickle_fail(const struct fa_pickle_machine *machine, const char *what) FA_CHECK_RESULT;

/* Memory that lives as long as the pickle. */
fa_status fa_pickle_alloc(struct fa_pickle *pickle, size_t n_bytes, void *out) FA_CHECK_RESULT;
fa_status fa_pickle_new(struct fa_pickle *pickle, enum fa_pickle_kind kind,
                        struct fa_pickle_value **out) FA_CHECK_RESULT;
fa_status fa_pickle_append(struct fa_pickle *pickle, struct fa_pickle_value *list,
                           struct fa_pickle_value *item) FA_CHECK_RESULT;

fa_status fa_pickle_push(struct fa_pickle_machine *machine, struct fa_pickle_value *value) FA_CHECK_RESULT;
fa_status fa_pickle_push_new(struct fa_pickle_machine *machine, enum fa_pickle_kind kind,
                             struct fa_pickle_value **out) FA_CHECK_RESULT;
/* The topmost value, taken off or left; a mark is none. */
fa_status fa_pickle_pop(struct fa_pickle_machine *machine, struct fa_pickle_value **out) FA_CHECK_RESULT;
fa_status fa_pickle_top(struct fa_pickle_machine *machine, struct fa_pickle_value **out) FA_CHECK_RESULT;
/* Takes off the values above the topmost mark, and the mark; they stay where they were until the next push.
 */
fa_status fa_pickle_pop_marked(struct fa_pickle_machine *machine, size_t *n,
                               struct fa_pickle_value ***items) FA_CHECK_RESULT;

/* An unsigned little-endian number of n_bytes (1 to 8) from the source. */
fa_status fa_pickle_number(struct fa_pickle_machine *machine, int n_bytes, uint64_t *out) FA_CHECK_RESULT;
/* Text up to the next line feed, which is taken but no part of it. */
fa_status fa_pickle_line(struct fa_pickle_machine *machine, size_t size, char *line) FA_CHECK_RESULT;

/* pickle_constants.c: what pushes numbers and text. */
fa_status fa_pickle_step_truth(struct fa_pickle_machine *machine, int truth);
fa_status fa_pickle_step_int(struct fa_pickle_machine *machine, int n_bytes);     /* as unsigned */
fa_status fa_pickle_step_int32(struct fa_pickle_machine *machine, int unused);    /* signed */
fa_status fa_pickle_step_long(struct fa_pickle_machine *machine, int n_length);   /* bytes of its length */
fa_status fa_pickle_step_int_line(struct fa_pickle_machine *machine, int unused); /* decimal; "01" is True */
fa_status fa_pickle_step_float_line(struct fa_pickle_machine *machine, int unused); /* of no use */
fa_status fa_pickle_step_other(struct fa_pickle_machine *machine, int n_bytes);     /* of no use, as None */
fa_status fa_pickle_step_text(struct fa_pickle_machine *machine, int n_length);
fa_status fa_pickle_step_text_line(struct fa_pickle_machine *machine, int is_quoted);

/* pickle_containers.c: lists, tuples, dicts, sets, and the moves of the stack and the memo. */
fa_status fa_pickle_step_empty(struct fa_pickle_machine *machine, int kind);
fa_status fa_pickle_step_tuple(struct fa_pickle_machine *machine, int n); /* of the n topmost */
fa_status fa_pickle_step_gather(struct fa_pickle_machine *machine, int kind);
fa_status fa_pickle_step_append(struct fa_pickle_machine *machine, int n);  /* 1; 2: a key and a value */
fa_status fa_pickle_step_appends(struct fa_pickle_machine *machine, int n); /* in such groups */
fa_status fa_pickle_step_mark(struct fa_pickle_machine *machine, int unused);
fa_status fa_pickle_step_pop(struct fa_pickle_machine *machine, int unused);
fa_status fa_pickle_step_pop_mark(struct fa_pickle_machine *machine, int unused);
fa_status fa_pickle_step_duplicate(struct fa_pickle_machine *machine, int unused);
fa_status fa_pickle_step_put(struct fa_pickle_machine *machine, int n_bytes); /* 0: a line */
fa_status fa_pickle_step_get(struct fa_pickle_machine *machine, int n_bytes);
fa_status fa_pickle_step_memoize(struct fa_pickle_machine *machine, int unused);

/* pickle_objects.c: globals and what is made of them. */
fa_status fa_pickle_step_global(struct fa_pickle_machine *machine, int is_on_stack);
fa_status fa_pickle_step_reduce(struct fa_pickle_machine *machine, int unused);
fa_status fa_pickle_step_new_object(struct fa_pickle_machine *machine, int n_arguments);
fa_status fa_pickle_step_build(struct fa_pickle_machine *machine, int unused);
fa_status fa_pickle_step_persistent_id(struct fa_pickle_machine *machine, int unused);

#endif
