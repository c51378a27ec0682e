/*
 * fit.c - whose weights a file has, and whether all of them are there: what import and export demand.
 */
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/model_weights.h"
#include "weights.h"

static bool ends(const char *text, const char *suffix)
{
    size_t n = strlen(text), n_suffix = strlen(suffix);

    return n > n_suffix && strcmp(text + n - n_suffix, suffix) == 0;
}

fa_status fa_weights_check_out(const struct fa_invocation *invocation, const char *path,
                               const char *const *suffixes)
{
    const char *out = fa_arguments_get(&invocation->arguments, "--out");
    char list[64] = "";

    if (out == NULL)
        return fa_fail(FA_EINVAL, "--out is missing: the file to be written");
    if (fa_file_is_same(path, out))
        return fa_fail(FA_EINVAL, "--out %s: would overwrite the input; give another name", out);
    for (const char *const *suffix = suffixes; *suffix != NULL; suffix++) {
        if (ends(out, *suffix))
            return FA_OK;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", list[0] != '\0' ? " or " : "",
                 *suffix);
    }
    return fa_fail(FA_EINVAL, "--out %s: the name must end in %s", out, list);
}

struct fa_model_config fa_weights_model(const struct fa_architecture *architecture)
{
    struct fa_anchor_design anchors = fa_anchors_of_reference;

    anchors.finest_level = architecture->finest_level;
    return (struct fa_model_config){.depth = architecture->depth,
                                    .groups = architecture->groups,
                                    .base_width = architecture->base_width,
                                    .base_channels = architecture->base_channels,
                                    .neck_channels = architecture->neck_channels,
                                    .head_channels = architecture->head_channels,
                                    .head_convs = architecture->head_convs,
                                    .num_classes =
                                        architecture->num_classes > 0 ? architecture->num_classes : 1,
                                    .anchors = anchors,
                                    .prior_probability = 0.01,
                                    .norm = architecture->group_norm ? FA_NORM_GROUP : FA_NORM_FROZEN_BATCH,
                                    .norm_groups = architecture->norm_groups};
}

static fa_status match_network(const struct fa_weights_file *file, const struct fa_architecture *architecture,
                               struct fa_weights_match *match)
{
    struct fa_model_config config = fa_weights_model(architecture);

    config.norm_groups = 32; /* of no matter for names and shapes */
    return fa_model_weights_match(&config, file, match);
}

static size_t count_statistics(const struct fa_weights_file *file)
{
    size_t n = 0;

    for (size_t i = 0; i < file->n; i++)
        n += ends(file->tensors[i].name, ".running_mean") || ends(file->tensors[i].name, ".running_var");
    return n;
}

static void report(struct fa_invocation *invocation, const struct fa_weights_match *match)
{
    fa_report_number(invocation, "matched", (double)match->n_matched);
    fa_report_number(invocation, "missing", (double)match->n_missing);
    fa_report_number(invocation, "unexpected", (double)match->n_unexpected);
    fa_report_number(invocation, "mismatched", (double)match->n_mismatched);
}

fa_status fa_weights_fit(struct fa_invocation *invocation, const char *path,
                         const struct fa_weights_file *file, struct fa_architecture *architecture)
{
    struct fa_weights_match match;
    char name[96];

    FA_TRY(fa_prefix(fa_architecture_recognise(file, architecture), "%s", path));
    fa_architecture_print(architecture, name, sizeof name);
    fa_report_string(invocation, "network", name);
    FA_TRY(fa_prefix(match_network(file, architecture, &match), "%s: %s", path, name));
    report(invocation, &match);
    FA_TRY(fa_prefix(fa_weights_match_check(&match), "%s: %s", path, name));
    printf("%s: %zu parameters and %zu statistics matched\n", name, match.n_matched - count_statistics(file),
           count_statistics(file));
    return FA_OK;
}
