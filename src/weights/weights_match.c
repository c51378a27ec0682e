#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fa/weights.h"

enum { N_SHOWN = 3, SHAPE_CHARACTERS = 64 };

static bool same_shape(const struct fa_tensor *a, const struct fa_tensor *b)
{
    return fa_dims_equal(a->n_dims, a->dims, b->n_dims, b->dims);
}

/* Counts an item, and appends it to the list of those shown if it is one of the first. */
static void FA_PRINTF(4, 5) note(char *list, size_t size, size_t *n, const char *format, ...)
{
    size_t length = strlen(list);
    va_list arguments;

    if (++*n > N_SHOWN)
        return;
    if (length > 0)
        length += (size_t)snprintf(list + length, size - length, ", ");
    if (length >= size)
        return;
    va_start(arguments, format);
    vsnprintf(list + length, size - length, format, arguments);
    va_end(arguments);
}

static void match_target(const struct fa_weights_file *file, const struct fa_tensor *target,
                         struct fa_weights_match *out)
{
    const struct fa_tensor *source = fa_weights_find(file, target->name);
    char wanted[SHAPE_CHARACTERS], found[SHAPE_CHARACTERS];

    if (source != NULL && same_shape(source, target)) {
        out->n_matched++;
        return;
    }
    fa_dims_print(target->n_dims, target->dims, wanted, sizeof wanted);
    if (source == NULL) {
        note(out->missing, sizeof out->missing, &out->n_missing, "%s %s", target->name, wanted);
        return;
    }
    fa_dims_print(source->n_dims, source->dims, found, sizeof found);
    note(out->mismatched, sizeof out->mismatched, &out->n_mismatched, "%s %s in the file, %s in the network",
         target->name, found, wanted);
}

static bool is_target(const char *name, const struct fa_tensor *targets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(targets[i].name, name) == 0)
            return true;
    return false;
}

/* Only as many are looked for as are shown: a file may hold very many. */
static void note_unexpected(const struct fa_weights_file *file, const struct fa_tensor *targets, size_t n,
                            struct fa_weights_match *out)
{
    const size_t n_unexpected = file->n - out->n_matched - out->n_mismatched;
    char shape[SHAPE_CHARACTERS];

    for (size_t i = 0; i < file->n && out->n_unexpected < N_SHOWN && out->n_unexpected < n_unexpected; i++) {
        const struct fa_tensor *tensor = &file->tensors[i];

        if (is_target(tensor->name, targets, n))
            continue;
        fa_dims_print(tensor->n_dims, tensor->dims, shape, sizeof shape);
        note(out->unexpected, sizeof out->unexpected, &out->n_unexpected, "%s %s", tensor->name, shape);
    }
    out->n_unexpected = n_unexpected;
}

void fa_weights_match(const struct fa_weights_file *file, const struct fa_tensor *targets, size_t n,
                      struct fa_weights_match *out)
{
    *out = (struct fa_weights_match){0};
    for (size_t i = 0; i < n; i++)
        match_target(file, &targets[i], out);
    note_unexpected(file, targets, n, out);
}

/* "; 7 missing, first a 64, b 64, c 3x3" */
static void print_part(char *text, size_t size, size_t n, const char *what, const char *list)
{
    text[0] = '\0';
    if (n > 0)
        snprintf(text, size, "; %zu %s%s %s", n, what, n > N_SHOWN ? ", first" : ":", list);
}

fa_status fa_weights_match_check(const struct fa_weights_match *match)
{
    char missing[320], unexpected[320], mismatched[448];

    if (match->n_missing + match->n_unexpected + match->n_mismatched == 0)
        return FA_OK;
    print_part(missing, sizeof missing, match->n_missing, "missing", match->missing);
    print_part(unexpected, sizeof unexpected, match->n_unexpected, "not of the network", match->unexpected);
    print_part(mismatched, sizeof mismatched, match->n_mismatched, "of another shape", match->mismatched);
    return fa_fail(FA_EFORMAT, "the tensors do not fit the network: %zu match%s%s%s", match->n_matched,
                   missing, mismatched, unexpected);
}

fa_status fa_weights_copy(const struct fa_weights_file *file, const struct fa_tensor *targets, size_t n)
{
    struct fa_weights_match match;

    fa_weights_match(file, targets, n, &match);
    FA_TRY(fa_weights_match_check(&match));
    for (size_t i = 0; i < n; i++)
        if (targets[i].n_elem > 0)
            memcpy(targets[i].data, fa_weights_find(file, targets[i].name)->data,
                   targets[i].n_elem * sizeof *targets[i].data);
    return FA_OK;
}
