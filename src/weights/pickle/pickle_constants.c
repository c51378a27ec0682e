/* pickle_constants.c - instructions that push numbers and text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pickle_machine.h"

enum { LONGEST_LINE = 4096, LONGEST_INTEGER = 4096 };

fa_status fa_pickle_step_truth(struct fa_pickle_machine *machine, int truth)
{
    struct fa_pickle_value *value;

    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_BOOL, &value));
    value->is.truth = truth != 0;
    return FA_OK;
}

static fa_status push_int(struct fa_pickle_machine *machine, int64_t integer)
{
    struct fa_pickle_value *value;

    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_INT, &value));
    value->is.integer = integer;
    return FA_OK;
}

fa_status fa_pickle_step_int(struct fa_pickle_machine *machine, int n_bytes)
{
    uint64_t number;

    FA_TRY(fa_pickle_number(machine, n_bytes, &number));
    return push_int(machine, (int64_t)number);
}

fa_status fa_pickle_step_int32(struct fa_pickle_machine *machine, int unused)
{
    uint64_t number;

    (void)unused;
    FA_TRY(fa_pickle_number(machine, 4, &number));
    return push_int(machine, (int32_t)(uint32_t)number);
}

/* n_bytes of the source, with a 0 after them, that live as long as the pickle. */
static fa_status take_bytes(struct fa_pickle_machine *machine, uint64_t n_bytes, char **out)
{
    FA_TRY(fa_pickle_source_check(machine->source, n_bytes));
    FA_TRY(fa_pickle_alloc(machine->pickle, (size_t)n_bytes + 1, out));
    FA_TRY(fa_pickle_source_read(machine->source, (size_t)n_bytes, *out));
    (*out)[n_bytes] = '\0';
    return FA_OK;
}

static fa_status push_text(struct fa_pickle_machine *machine, enum fa_pickle_kind kind, uint64_t n_bytes)
{
    struct fa_pickle_value *value;
    char *bytes;

    FA_TRY(take_bytes(machine, n_bytes, &bytes));
    FA_TRY(fa_pickle_push_new(machine, kind, &value));
    value->is.text.bytes = bytes;
    value->is.text.n = (size_t)n_bytes;
    return FA_OK;
}

/* Two's complement of at most eight bytes, the highest of which carries the sign. */
static fa_status push_long(struct fa_pickle_machine *machine, int n_bytes)
{
    uint64_t number = 0;
    const int unused = 64 - 8 * n_bytes;

    if (n_bytes == 0)
        return push_int(machine, 0);
    FA_TRY(fa_pickle_number(machine, n_bytes, &number));
    return push_int(machine, (int64_t)(number << unused) >> unused);
}

fa_status fa_pickle_step_long(struct fa_pickle_machine *machine, int n_length)
{
    uint64_t n_bytes;

    FA_TRY(fa_pickle_number(machine, n_length, &n_bytes));
    if (n_bytes <= 8)
        return push_long(machine, (int)n_bytes);
    if (n_bytes > LONGEST_INTEGER)
        return fa_pickle_fail(machine, "a whole number is longer than any that is needed");
    return push_text(machine, FA_PICKLE_BIG_INT, n_bytes);
}

fa_status fa_pickle_step_int_line(struct fa_pickle_machine *machine, int unused)
{
    char line[LONGEST_LINE], *end;
    long long number;

    (void)unused;
    FA_TRY(fa_pickle_line(machine, sizeof line, line));
    if (strcmp(line, "00") == 0 || strcmp(line, "01") == 0)
        return fa_pickle_step_truth(machine, line[1] == '1');
    errno = 0;
    number = strtoll(line, &end, 10);
    if (end == line || (*end != '\0' && strcmp(end, "L") != 0) || errno != 0)
        return fa_pickle_fail(machine, "a line is not a whole number, or too large");
    return push_int(machine, number);
}

fa_status fa_pickle_step_float_line(struct fa_pickle_machine *machine, int unused)
{
    char line[LONGEST_LINE];

    (void)unused;
    FA_TRY(fa_pickle_line(machine, sizeof line, line));
    return fa_pickle_step_other(machine, 0);
}

fa_status fa_pickle_step_other(struct fa_pickle_machine *machine, int n_bytes)
{
    struct fa_pickle_value *value;
    char bytes[8];

    FA_TRY(fa_pickle_source_read(machine->source, (size_t)n_bytes, bytes));
    return fa_pickle_push_new(machine, FA_PICKLE_OTHER, &value);
}

fa_status fa_pickle_step_text(struct fa_pickle_machine *machine, int n_length)
{
    uint64_t n_bytes;

    FA_TRY(fa_pickle_number(machine, n_length, &n_bytes));
    return push_text(machine, FA_PICKLE_TEXT, n_bytes);
}

fa_status fa_pickle_step_text_line(struct fa_pickle_machine *machine, int is_quoted)
{
    struct fa_pickle_value *value;
    char line[LONGEST_LINE], *text = line, *copy;
    size_t n;

    FA_TRY(fa_pickle_line(machine, sizeof line, line));
    n = strlen(line);
    if (is_quoted) {
        if (n < 2 || line[0] != line[n - 1] || (line[0] != '\'' && line[0] != '"'))
            return fa_pickle_fail(machine, "a text has no quotes");
        text = line + 1;
        n -= 2;
    }
    if (memchr(text, '\\', n) != NULL)
        return fa_pickle_fail(machine, "a text has escapes, as no name of a tensor has");
    FA_TRY(fa_pickle_alloc(machine->pickle, n + 1, &copy));
    memcpy(copy, text, n);
    copy[n] = '\0';
    FA_TRY(fa_pickle_push_new(machine, FA_PICKLE_TEXT, &value));
    value->is.text.bytes = copy;
    value->is.text.n = n;
    return FA_OK;
}
