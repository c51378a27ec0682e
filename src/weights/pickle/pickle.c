/* pickle.c - the machine: its stack, its table of opcodes and its loop. */
#include "pickle.h"

#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "pickle_machine.h"

/* A checkpoint takes some tens of thousands of steps. A step makes at most one value and one place for it, so
   this bounds the memory of everything but text. */
enum { MOST_STEPS = 1 << 23 };

fa_status fa_pickle_fail(const struct fa_pickle_machine *machine, const char *what)
{
    return fa_fail(FA_EFORMAT, "%s: its pickle is damaged before byte %llu: %s", machine->source->input->path,
                   (unsigned long long)machine->source->position, what);
}

fa_status fa_pickle_push(struct fa_pickle_machine *machine, struct fa_pickle_value *value)
{
    FA_TRY(fa_reserve(&machine->stack, machine->n_stack + 1, sizeof(struct fa_pickle_value *),
                      &machine->stack_room));
    machine->stack[machine->n_stack++] = value;
    return FA_OK;
}

fa_status fa_pickle_push_new(struct fa_pickle_machine *machine, enum fa_pickle_kind kind,
                             struct fa_pickle_value **out)
{
    FA_TRY(fa_pickle_new(machine->pickle, kind, out));
    return fa_pickle_push(machine, *out);
}

fa_status fa_pickle_top(struct fa_pickle_machine *machine, struct fa_pickle_value **out)
{
    if (machine->n_stack == 0 || machine->stack[machine->n_stack - 1]->kind == FA_PICKLE_MARK)
        return fa_pickle_fail(machine, "a value is missing");
    *out = machine->stack[machine->n_stack - 1];
    return FA_OK;
}

fa_status fa_pickle_pop(struct fa_pickle_machine *machine, struct fa_pickle_value **out)
{
    FA_TRY(fa_pickle_top(machine, out));
    machine->n_stack--;
    return FA_OK;
}

fa_status fa_pickle_pop_marked(struct fa_pickle_machine *machine, size_t *n, struct fa_pickle_value ***items)
{
    size_t mark = machine->n_stack;

    while (mark > 0 && machine->stack[mark - 1]->kind != FA_PICKLE_MARK)
        mark--;
    if (mark == 0)
        return fa_pickle_fail(machine, "a mark is missing");
    *n = machine->n_stack - mark;
    *items = machine->stack + mark;
    machine->n_stack = mark - 1;
    return FA_OK;
}

fa_status fa_pickle_number(struct fa_pickle_machine *machine, int n_bytes, uint64_t *out)
{
    unsigned char bytes[8];

    FA_TRY(fa_pickle_source_read(machine->source, (size_t)n_bytes, bytes));
    *out = 0;
    for (int i = n_bytes - 1; i >= 0; i--)
        *out = *out << 8 | bytes[i];
    return FA_OK;
}

fa_status fa_pickle_line(struct fa_pickle_machine *machine, size_t size, char *line)
{
    for (size_t n = 0; n < size; n++) {
        FA_TRY(fa_pickle_source_read(machine->source, 1, &line[n]));
        if (line[n] == '\n') {
            line[n] = '\0';
            return FA_OK;
        }
    }
    return fa_pickle_fail(machine, "a line is too long");
}

static fa_status step_protocol(struct fa_pickle_machine *machine, int unused)
{
    uint64_t protocol;

    (void)unused;
    FA_TRY(fa_pickle_number(machine, 1, &protocol));
    return protocol <= 5 ? FA_OK : fa_pickle_fail(machine, "its protocol is not 0 to 5");
}

static fa_status step_frame(struct fa_pickle_machine *machine, int unused)
{
    uint64_t n_bytes;

    (void)unused;
    FA_TRY(fa_pickle_number(machine, 8, &n_bytes));
    return fa_pickle_source_check(machine->source, n_bytes);
}

static const struct {
    fa_pickle_step step;
    int argument;
} opcodes[256] = {
    [0x80] = {step_protocol, 0},
    [0x95] = {step_frame, 0},

    ['N'] = {fa_pickle_step_other, 0},
    [0x88] = {fa_pickle_step_truth, 1},
    [0x89] = {fa_pickle_step_truth, 0},
    ['K'] = {fa_pickle_step_int, 1},
    ['M'] = {fa_pickle_step_int, 2},
    ['J'] = {fa_pickle_step_int32, 0},
    ['I'] = {fa_pickle_step_int_line, 0},
    ['L'] = {fa_pickle_step_int_line, 0},
    [0x8a] = {fa_pickle_step_long, 1},
    [0x8b] = {fa_pickle_step_long, 4},
    ['F'] = {fa_pickle_step_float_line, 0},
    ['G'] = {fa_pickle_step_other, 8},
    ['X'] = {fa_pickle_step_text, 4},
    ['T'] = {fa_pickle_step_text, 4},
    ['U'] = {fa_pickle_step_text, 1},
    ['B'] = {fa_pickle_step_text, 4},
    ['C'] = {fa_pickle_step_text, 1},
    [0x8c] = {fa_pickle_step_text, 1},
    [0x8d] = {fa_pickle_step_text, 8},
    [0x8e] = {fa_pickle_step_text, 8},
    [0x96] = {fa_pickle_step_text, 8},
    ['V'] = {fa_pickle_step_text_line, 0},
    ['S'] = {fa_pickle_step_text_line, 1},

    [']'] = {fa_pickle_step_empty, FA_PICKLE_LIST},
    ['}'] = {fa_pickle_step_empty, FA_PICKLE_DICT},
    [')'] = {fa_pickle_step_empty, FA_PICKLE_TUPLE},
    [0x8f] = {fa_pickle_step_empty, FA_PICKLE_OTHER}, /* a set */
    [0x85] = {fa_pickle_step_tuple, 1},
    [0x86] = {fa_pickle_step_tuple, 2},
    [0x87] = {fa_pickle_step_tuple, 3},
    ['t'] = {fa_pickle_step_gather, FA_PICKLE_TUPLE},
    ['l'] = {fa_pickle_step_gather, FA_PICKLE_LIST},
    ['d'] = {fa_pickle_step_gather, FA_PICKLE_DICT},
    [0x91] = {fa_pickle_step_gather, FA_PICKLE_OTHER}, /* a frozen set */
    ['a'] = {fa_pickle_step_append, 1},
    ['e'] = {fa_pickle_step_appends, 1},
    [0x90] = {fa_pickle_step_appends, 1},
    ['s'] = {fa_pickle_step_append, 2},
    ['u'] = {fa_pickle_step_appends, 2},

    ['('] = {fa_pickle_step_mark, 0},
    ['0'] = {fa_pickle_step_pop, 0},
    ['1'] = {fa_pickle_step_pop_mark, 0},
    ['2'] = {fa_pickle_step_duplicate, 0},
    ['p'] = {fa_pickle_step_put, 0},
    ['q'] = {fa_pickle_step_put, 1},
    ['r'] = {fa_pickle_step_put, 4},
    ['g'] = {fa_pickle_step_get, 0},
    ['h'] = {fa_pickle_step_get, 1},
    ['j'] = {fa_pickle_step_get, 4},
    [0x94] = {fa_pickle_step_memoize, 0},

    ['c'] = {fa_pickle_step_global, 0},
    [0x93] = {fa_pickle_step_global, 1},
    ['R'] = {fa_pickle_step_reduce, 0},
    [0x81] = {fa_pickle_step_new_object, 1},
    [0x92] = {fa_pickle_step_new_object, 2},
    ['b'] = {fa_pickle_step_build, 0},
    ['Q'] = {fa_pickle_step_persistent_id, 0},
};

static fa_status run(struct fa_pickle_machine *machine)
{
    while (machine->n_steps++ < MOST_STEPS) {
        unsigned char opcode;

        FA_TRY(fa_pickle_source_read(machine->source, 1, &opcode));
        if (opcode == '.')
            return fa_pickle_pop(machine, &machine->pickle->root);
        if (opcodes[opcode].step == NULL) {
            char what[64];

            snprintf(what, sizeof what, "opcode 0x%02x has no place in a state dict", opcode);
            return fa_pickle_fail(machine, what);
        }
        FA_TRY(opcodes[opcode].step(machine, opcodes[opcode].argument));
    }
    return fa_pickle_fail(machine, "it goes on for longer than any state dict");
}

fa_status fa_pickle_read(struct fa_pickle_source *source, struct fa_pickle *out)
{
    struct fa_pickle_machine machine = {.source = source, .pickle = out};
    fa_status status;

    *out = (struct fa_pickle){0};
    status = run(&machine);
    fa_free(machine.stack);
    fa_free(machine.memo);
    if (status != FA_OK)
        fa_pickle_free(out);
    return status;
}
