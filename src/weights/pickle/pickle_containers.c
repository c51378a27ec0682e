/* pickle_containers.c - instructions for lists, tuples, dicts and sets, the stack and the memo. */
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "pickle_machine.h"

/* Sets hold nothing of use: they are FA_PICKLE_OTHER, and what is added to such a value is dropped. */

enum { LARGEST_INDEX = 1 << 22, LONGEST_INDEX_LINE = 32 };

fa_status fa_pickle_step_empty(struct fa_pickle_machine *machine, int kind)
{
    struct fa_pickle_value *value;

    return fa_pickle_push_new(machine, (enum fa_pickle_kind)kind, &value);
}

/* Adds items in groups of n: 1, or 2 for keys and values. */
static fa_status add_items(struct fa_pickle_machine *machine, struct fa_pickle_value *to, int n,
                           size_t n_items, struct fa_pickle_value **items)
{
    if (to->kind == FA_PICKLE_OTHER)
        return FA_OK;
    if (to->kind != (n == 2 ? FA_PICKLE_DICT : FA_PICKLE_LIST))
        return fa_pickle_fail(machine, "items are added to what does not take them");
    if (n_items % (size_t)n != 0)
        return fa_pickle_fail(machine, "a key has no value");
    for (size_t i = 0; i < n_items; i++)
        FA_TRY(fa_pickle_append(machine->pickle, to, items[i]));
    return FA_OK;
}

/* A tuple, list, dict or set of the items, which were just taken off the stack. */
static fa_status push_container(struct fa_pickle_machine *machine, enum fa_pickle_kind kind, size_t n,
                                struct fa_pickle_value **items)
{
    struct fa_pickle_value *value;

    FA_TRY(fa_pickle_new(machine->pickle, kind, &value));
    if (kind == FA_PICKLE_DICT && n % 2 != 0)
        return fa_pickle_fail(machine, "a key has no value");
    for (size_t i = 0; i < n && kind != FA_PICKLE_OTHER; i++)
        FA_TRY(fa_pickle_append(machine->pickle, value, items[i]));
    return fa_pickle_push(machine, value);
}

fa_status fa_pickle_step_tuple(struct fa_pickle_machine *machine, int n)
{
    struct fa_pickle_value *items[3];

    for (int i = n - 1; i >= 0; i--)
        FA_TRY(fa_pickle_pop(machine, &items[i]));
    return push_container(machine, FA_PICKLE_TUPLE, (size_t)n, items);
}

fa_status fa_pickle_step_gather(struct fa_pickle_machine *machine, int kind)
{
    struct fa_pickle_value **items;
    size_t n;

    FA_TRY(fa_pickle_pop_marked(machine, &n, &items));
    return push_container(machine, (enum fa_pickle_kind)kind, n, items);
}

fa_status fa_pickle_step_append(struct fa_pickle_machine *machine, int n)
{
    struct fa_pickle_value *items[2], *to;

    for (int i = n - 1; i >= 0; i--)
        FA_TRY(fa_pickle_pop(machine, &items[i]));
    FA_TRY(fa_pickle_top(machine, &to));
    return add_items(machine, to, n, (size_t)n, items);
}

fa_status fa_pickle_step_appends(struct fa_pickle_machine *machine, int n)
{
    struct fa_pickle_value **items, *to;
    size_t n_items;

    FA_TRY(fa_pickle_pop_marked(machine, &n_items, &items));
    FA_TRY(fa_pickle_top(machine, &to));
    return add_items(machine, to, n, n_items, items);
}

fa_status fa_pickle_step_mark(struct fa_pickle_machine *machine, int unused)
{
    static struct fa_pickle_value mark = {.kind = FA_PICKLE_MARK};

    (void)unused;
    return fa_pickle_push(machine, &mark);
}

fa_status fa_pickle_step_pop(struct fa_pickle_machine *machine, int unused)
{
    (void)unused;
    if (machine->n_stack == 0)
        return fa_pickle_fail(machine, "a value is missing");
    machine->n_stack--; /* a mark as well */
    return FA_OK;
}

fa_status fa_pickle_step_pop_mark(struct fa_pickle_machine *machine, int unused)
{
    struct fa_pickle_value **items;
    size_t n;

    (void)unused;
    return fa_pickle_pop_marked(machine, &n, &items);
}

fa_status fa_pickle_step_duplicate(struct fa_pickle_machine *machine, int unused)
{
    struct fa_pickle_value *value;

    (void)unused;
    FA_TRY(fa_pickle_top(machine, &value));
    return fa_pickle_push(machine, value);
}

/* An index into the memo: binary, or for n_bytes 0 a line of digits. */
static fa_status read_index(struct fa_pickle_machine *machine, int n_bytes, uint64_t *index)
{
    char line[LONGEST_INDEX_LINE], *end;

    if (n_bytes > 0)
        return fa_pickle_number(machine, n_bytes, index);
    FA_TRY(fa_pickle_line(machine, sizeof line, line));
    *index = strtoull(line, &end, 10);
    return end != line && *end == '\0' ? FA_OK : fa_pickle_fail(machine, "an index is not a number");
}

static fa_status put(struct fa_pickle_machine *machine, uint64_t index)
{
    struct fa_pickle_value *value;

    FA_TRY(fa_pickle_top(machine, &value));
    if (index >= LARGEST_INDEX)
        return fa_pickle_fail(machine, "an index into its memo is too large");
    if (index >= machine->n_memo) {
        const size_t n = 2 * (size_t)index + 256;

        FA_TRY(fa_realloc(&machine->memo, n, sizeof(struct fa_pickle_value *)));
        memset(machine->memo + machine->n_memo, 0, (n - machine->n_memo) * sizeof(struct fa_pickle_value *));
        machine->n_memo = n;
    }
    if (machine->memo[index] == NULL)
        machine->n_memoized++;
    machine->memo[index] = value;
    return FA_OK;
}

fa_status fa_pickle_step_put(struct fa_pickle_machine *machine, int n_bytes)
{
    uint64_t index;

    FA_TRY(read_index(machine, n_bytes, &index));
    return put(machine, index);
}

fa_status fa_pickle_step_memoize(struct fa_pickle_machine *machine, int unused)
{
    (void)unused;
    return put(machine, machine->n_memoized);
}

fa_status fa_pickle_step_get(struct fa_pickle_machine *machine, int n_bytes)
{
    uint64_t index;

    FA_TRY(read_index(machine, n_bytes, &index));
    if (index >= machine->n_memo || machine->memo[index] == NULL)
        return fa_pickle_fail(machine, "its memo has no such value");
    return fa_pickle_push(machine, machine->memo[index]);
}
