/*
 * cmd_weights.c - freeanchor weights: what is in weights files and checkpoints, and whether two are equal.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/weights.h"

static const struct fa_flag flags[] = {{0}};

static fa_status read_any(const char *path, struct fa_weights_file **out)
{
    return fa_directory_exists(path) ? fa_checkpoint_weights(path, out) : fa_weights_read(path, out);
}

static fa_status list(struct fa_invocation *invocation, const char *const *paths)
{
    struct fa_weights_file *file;
    size_t n_elem = 0;
    char dims[64];

    FA_TRY(read_any(paths[0], &file));
    for (size_t i = 0; i < file->n; i++) {
        const struct fa_tensor *tensor = &file->tensors[i];

        fa_dims_print(tensor->n_dims, tensor->dims, dims, sizeof dims);
        printf("%-52s %s\n", tensor->name, dims);
        n_elem += tensor->n_elem;
    }
    printf("%zu tensors, %zu numbers\n", file->n, n_elem);
    if (file->has_meta && file->meta.model != NULL)
        printf("model %s\n", file->meta.model);
    for (size_t i = 0; i < file->meta.n_classes; i++)
        printf("class %zu %s\n", i, file->meta.classes[i]);
    fa_report_number(invocation, "tensors", (double)file->n);
    fa_report_number(invocation, "numbers", (double)n_elem);
    fa_weights_free(file);
    return FA_OK;
}

static fa_status report_difference(struct fa_invocation *invocation,
                                   const struct fa_weights_difference *difference)
{
    fa_report_number(invocation, "compared", (double)difference->n_compared);
    fa_report_number(invocation, "different", (double)difference->n_different);
    if (difference->equal) {
        printf("equal: %zu tensors, every bit\n", difference->n_compared);
        return FA_OK;
    }
    printf("%zu of %zu tensors differ; only in the first: %zu, only in the second: %zu\n",
           difference->n_different, difference->n_compared, difference->n_only_a, difference->n_only_b);
    if (difference->largest[0] != '\0')
        printf("first:   %s\nlargest: %s\n", difference->first, difference->largest);
    return fa_fail(FA_EIO, "the weights differ; %s", difference->first);
}

static fa_status diff(struct fa_invocation *invocation, const char *const *paths)
{
    struct fa_weights_file *a = NULL, *b = NULL;
    struct fa_weights_difference difference;
    fa_status status = read_any(paths[0], &a);

    if (status == FA_OK)
        status = read_any(paths[1], &b);
    if (status == FA_OK)
        fa_weights_diff(a, b, &difference);
    if (status == FA_OK)
        status = report_difference(invocation, &difference);
    fa_weights_free(b);
    fa_weights_free(a);
    return status;
}

static const struct {
    const char *name;
    size_t n_paths;
    fa_status (*run)(struct fa_invocation *invocation, const char *const *paths);
} actions[] = {{"list", 1, list}, {"diff", 2, diff}};

static fa_status run(struct fa_invocation *invocation)
{
    const char *words[4] = {NULL};

    for (size_t k = 0; k < 4; k++)
        words[k] = fa_arguments_nth(&invocation->arguments, NULL, k);
    for (size_t i = 0; words[0] != NULL && i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, words[0]) != 0)
            continue;
        if (words[actions[i].n_paths] == NULL || words[actions[i].n_paths + 1] != NULL)
            return fa_fail(FA_EINVAL, "weights %s takes %zu weights file%s or checkpoint director%s",
                           words[0], actions[i].n_paths, actions[i].n_paths == 1 ? "" : "s",
                           actions[i].n_paths == 1 ? "y" : "ies");
        return actions[i].run(invocation, words + 1);
    }
    return fa_fail(FA_EINVAL, "weights %s: expected list A, or diff A B", words[0] != NULL ? words[0] : "");
}

const struct fa_command fa_command_weights = {.name = "weights",
                                              .operands = "list A | diff A B",
                                              .summary = "list a weights file or checkpoint, compare two",
                                              .details =
                                                  "\ndiff exits with 0 if every tensor is equal to the last "
                                                  "bit, else with 1 and the first and the largest\n"
                                                  "difference.",
                                              .flags = flags,
                                              .run = run};
