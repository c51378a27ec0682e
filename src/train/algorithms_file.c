#include "algorithms_file.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fa/json.h"

/* The numbers of a row, in the order in which they are written. */
static const struct number {
    const char *key;
    size_t offset; /* of an int in struct fa_conv_desc */
} numbers[] = {
    {"in", offsetof(struct fa_conv_desc, in.c)},       {"out", offsetof(struct fa_conv_desc, out_channels)},
    {"groups", offsetof(struct fa_conv_desc, groups)}, {"kernel", offsetof(struct fa_conv_desc, kernel)},
    {"stride", offsetof(struct fa_conv_desc, stride)}, {"pad", offsetof(struct fa_conv_desc, pad)},
    {"height", offsetof(struct fa_conv_desc, in.h)},   {"width", offsetof(struct fa_conv_desc, in.w)},
};

enum { N_NUMBERS = sizeof numbers / sizeof numbers[0] };

/* ---- reading ---- */

static bool get_number(const struct fa_json *row, const struct number *number, struct fa_conv_desc *conv)
{
    int64_t value;

    if (!fa_json_to_int(fa_json_get(row, number->key), &value) || value < 0 || value > INT_MAX)
        return false;
    *(int *)((char *)conv + number->offset) = (int)value;
    return true;
}

static bool get_name(const struct fa_json *row, const char *key, const char *const *names, int *out)
{
    const char *text;

    if (!fa_json_to_string(fa_json_get(row, key), &text))
        return false;
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

/* The first key of the row that is absent or makes no sense; NULL if there is none. */
static const char *get_choice(const struct fa_json *row, const struct fa_backend *backend,
                              struct fa_algorithm_choice *choice)
{
    const char *algorithm;
    bool trained;
    int direction;

    *choice = (struct fa_algorithm_choice){.direction = FA_CONV_FORWARD};
    if (!get_name(row, "direction", fa_conv_direction_names, &direction))
        return "direction";
    for (int i = 0; i < N_NUMBERS; i++)
        if (!get_number(row, &numbers[i], &choice->conv))
            return numbers[i].key;
    if (!fa_json_to_bool(fa_json_get(row, "residual"), &choice->conv.residual))
        return "residual";
    if (!fa_json_to_bool(fa_json_get(row, "trained"), &trained))
        return "trained";
    choice->conv.backward_data = choice->conv.backward_weights = trained;
    choice->direction = (enum fa_conv_direction)direction;
    if (!fa_json_to_string(fa_json_get(row, "algorithm"), &algorithm) ||
        !fa_algorithms_know(backend, &choice->conv, choice->direction, algorithm))
        return "algorithm";
    snprintf(choice->algorithm, sizeof choice->algorithm, "%s", algorithm);
    return NULL;
}

static fa_status read_choices(const struct fa_json *choices, struct fa_backend *backend)
{
    size_t i = 0;

    for (const struct fa_json *row = fa_json_first(choices); row != NULL; row = fa_json_next(row), i++) {
        struct fa_algorithm_choice choice;
        const char *wrong = get_choice(row, backend, &choice);

        if (wrong != NULL)
            return fa_fail(FA_EFORMAT,
                           "choices[%zu]: `%s` is missing, or unknown to this program on this processor; "
                           "remove the file to measure anew",
                           i, wrong);
        FA_TRY(fa_algorithms_add(fa_backend_algorithms(backend), &choice));
    }
    return FA_OK;
}

/* A file that says nothing is of the first version. */
static fa_status check_version(const struct fa_json *root)
{
    int64_t version;

    if (fa_json_to_int(fa_json_get(root, "version"), &version) && version > 1)
        return fa_fail(FA_EFORMAT,
                       "its version is %lld, this program reads up to 1; use a newer program, or remove the "
                       "file to measure anew",
                       (long long)version);
    return FA_OK;
}

static fa_status check_head(const struct fa_json *root, const struct fa_backend *backend)
{
    const char *library;
    int64_t threads;

    FA_TRY(check_version(root));
    if (!fa_json_to_string(fa_json_get(root, "library"), &library) ||
        !fa_json_to_int(fa_json_get(root, "threads"), &threads) ||
        fa_json_kind(fa_json_get(root, "choices")) != FA_JSON_ARRAY)
        return fa_fail(FA_EFORMAT,
                       "lacks one of `library`, `threads`, `choices`; remove the file to measure anew");
    if (strcmp(library, fa_backend_description(backend)) == 0 && threads == fa_backend_threads(backend))
        return FA_OK;
    return fa_fail(
        FA_EINVAL,
        "was measured with %s and threads %lld, this run has %s and %d; go on with the same, remove "
        "the file to measure anew, or leave --autotune out",
        library, (long long)threads, fa_backend_description(backend), fa_backend_threads(backend));
}

fa_status fa_algorithms_read(const char *path, struct fa_backend *backend)
{
    struct fa_json *root;
    fa_status status;

    FA_TRY(fa_json_read_file(path, &root));
    status = check_head(root, backend);
    if (status == FA_OK)
        status = read_choices(fa_json_get(root, "choices"), backend);
    fa_json_free(root);
    return fa_prefix(status, "%s", path);
}

/* ---- writing ---- */

static bool set_row(struct fa_json *row, const struct fa_algorithm_choice *choice)
{
    bool ok = fa_json_set(row, "direction", fa_json_new_string(fa_conv_direction_names[choice->direction]));

    for (int i = 0; i < N_NUMBERS; i++)
        ok = ok &&
             fa_json_set(row, numbers[i].key,
                         fa_json_new_number(*(const int *)((const char *)&choice->conv + numbers[i].offset)));
    return ok && fa_json_set(row, "residual", fa_json_new_bool(choice->conv.residual)) &&
           fa_json_set(row, "trained", fa_json_new_bool(fa_conv_is_trained(&choice->conv))) &&
           fa_json_set(row, "algorithm", fa_json_new_string(choice->algorithm));
}

static bool append_rows(struct fa_json *array, const struct fa_algorithms *algorithms)
{
    for (size_t i = 0; i < algorithms->n; i++) {
        struct fa_json *row = fa_json_new_object();

        if (!set_row(row, &algorithms->row[i])) {
            fa_json_free(row);
            return false;
        }
        if (!fa_json_append(array, row))
            return false;
    }
    return true;
}

static bool set_all(struct fa_json *root, struct fa_backend *backend)
{
    struct fa_json *choices = fa_json_new_array();

    if (!append_rows(choices, fa_backend_algorithms(backend))) {
        fa_json_free(choices);
        return false;
    }
    return fa_json_set(root, "choices", choices) &&
           fa_json_set(root, "library", fa_json_new_string(fa_backend_description(backend))) &&
           fa_json_set(root, "threads", fa_json_new_number(fa_backend_threads(backend)));
}

fa_status fa_algorithms_write(const char *path, struct fa_backend *backend)
{
    struct fa_json *root = fa_json_new_object();
    fa_status status;

    if (set_all(root, backend))
        status = fa_json_save(path, root, true);
    else
        status = fa_fail(FA_ENOMEM, "out of memory for the text of %s", path);
    fa_json_free(root);
    return status;
}
