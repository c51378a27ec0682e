/*
 * show.c - freeanchor weights list and diff: what is in weights files and checkpoints, and
 * whether two are equal.
 */
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/model_weights.h"
#include "fa/printable.h"
#include "recipe/config_file.h"
#include "recipe/recipe.h"
#include "weights.h"

/* ---- list ---- */

struct totals {
    size_t n_elem, n_nan, n_infinite, n_negative; /* n_negative: tensors of variances */
};

static void print_tensor(const struct fa_tensor *tensor, struct totals *totals)
{
    struct fa_tensor_summary summary;
    char dims[64];

    fa_dims_print(tensor->n_dims, tensor->dims, dims, sizeof dims);
    fa_tensor_summarize(tensor, &summary);
    printf("%-46s %-15s %11.4g %11.4g %11.4g %11.4g", tensor->name, dims, summary.min, summary.max,
           summary.mean, summary.norm);
    if (summary.n_nan > 0)
        printf("  %zu NaN", summary.n_nan);
    if (summary.n_infinite > 0)
        printf("  %zu infinite", summary.n_infinite);
    if (fa_tensor_is_variance(tensor) && summary.min < 0)
        printf("  a negative variance");
    printf("\n");
    totals->n_elem += tensor->n_elem;
    totals->n_nan += summary.n_nan;
    totals->n_infinite += summary.n_infinite;
    totals->n_negative += fa_tensor_is_variance(tensor) && summary.min < 0;
}

static void print_totals(struct fa_invocation *invocation, const struct fa_weights_file *file,
                         const struct fa_weights_translation *translation, const struct totals *totals)
{
    printf("\n%zu tensors, %zu numbers, %.1f MiB", file->n, totals->n_elem,
           (double)totals->n_elem * sizeof(float) / 1048576);
    if (totals->n_nan + totals->n_infinite > 0)
        printf("; %zu NaN and %zu infinite", totals->n_nan, totals->n_infinite);
    if (totals->n_negative > 0)
        printf("; negative variances in %zu tensors", totals->n_negative);
    printf("\n");
    if (translation->n_renamed > 0)
        printf("%zu under other names in the file\n", translation->n_renamed);
    if (translation->n_left_out > 0)
        printf("left out: %s (%zu)\n", translation->left_out, translation->n_left_out);
    fa_report_number(invocation, "tensors", (double)file->n);
    fa_report_number(invocation, "numbers", (double)totals->n_elem);
    fa_report_number(invocation, "nan", (double)totals->n_nan);
    fa_report_number(invocation, "infinite", (double)totals->n_infinite);
}

static void print_network(struct fa_invocation *invocation, const struct fa_weights_file *file)
{
    struct fa_architecture architecture;
    char text[96];

    if (fa_architecture_recognise(file, &architecture) != FA_OK) {
        printf("network: not known: %s\n", fa_message());
        return;
    }
    fa_architecture_print(&architecture, text, sizeof text);
    printf("network: %s\n", text);
    fa_report_string(invocation, "network", text);
}

static void print_recipe(const struct fa_weights_meta *meta)
{
    struct fa_json *recipe = NULL;
    char *scale = NULL, shown[256];

    if (meta->recipe == NULL)
        printf("recipe: none; these weights need --config\n");
    else if (fa_recipe_parse(meta->recipe, &recipe) != FA_OK ||
             fa_json_print(fa_config_get(recipe, "data.scale"), false, &scale) != FA_OK)
        printf("recipe: cannot be read: %s\n", fa_message());
    else
        printf("recipe: images at data.scale %s, and all that eval, detect and replay need\n",
               fa_printable(scale, strnlen(scale, 60), shown, sizeof shown));
    fa_free(scale);
    fa_json_free(recipe);
}

/* Of best F1: of all, and of each class. */
static void print_thresholds(const struct fa_weights_meta *meta)
{
    const struct fa_thresholds *thresholds = &meta->thresholds;
    char shown[256];

    if (thresholds->all > 0)
        printf("score threshold of best F1: %.4g for all classes together\n", thresholds->all);
    for (size_t k = 0; k < thresholds->n; k++) {
        printf("  %s: ", fa_printable(meta->classes[k], strlen(meta->classes[k]), shown, sizeof shown));
        if (fa_thresholds_has_own(thresholds, k))
            printf("%.4g\n", fa_thresholds_of(thresholds, k));
        else
            printf("none of its own, so that for all\n");
    }
}

static void print_meta(const struct fa_weights_file *file)
{
    const struct fa_weights_meta *meta = &file->meta;
    char shown[256];

    if (meta->model != NULL)
        printf("model: %s\n", fa_printable(meta->model, strlen(meta->model), shown, sizeof shown));
    if (file->has_meta)
        printf("preprocessing: mean %g %g %g, std %g %g %g, %s\n", meta->mean[0], meta->mean[1],
               meta->mean[2], meta->std[0], meta->std[1], meta->std[2], meta->to_rgb ? "RGB" : "BGR");
    if (meta->coder_std[0] > 0)
        printf("box coder: std %g %g %g %g\n", meta->coder_std[0], meta->coder_std[1], meta->coder_std[2],
               meta->coder_std[3]);
    print_thresholds(meta);
    print_recipe(meta);
    if (meta->n_classes > 0)
        printf("%zu classes:", meta->n_classes);
    for (size_t i = 0; i < meta->n_classes; i++)
        printf("%s %s", i > 0 ? "," : "",
               fa_printable(meta->classes[i], strlen(meta->classes[i]), shown, sizeof shown));
    if (meta->n_classes > 0)
        printf("\n");
}

/* What keeps the weights from being used. */
static void print_fault(const char *path, const struct fa_weights_file *file)
{
    if (fa_weights_check_values(file->tensors, file->n) != FA_OK)
        printf("not usable: %s: %s\n", path, fa_message());
}

fa_status fa_weights_list(struct fa_invocation *invocation, const char *const *paths)
{
    struct fa_weights_translation translation;
    struct fa_weights_file *file;
    struct totals totals = {0};

    FA_TRY(fa_model_weights_look(paths[0], &file, &translation));
    printf("%-46s %-15s %11s %11s %11s %11s\n", "tensor", "shape", "min", "max", "mean", "norm");
    for (size_t i = 0; i < file->n; i++)
        print_tensor(&file->tensors[i], &totals);
    print_totals(invocation, file, &translation, &totals);
    print_network(invocation, file);
    print_meta(file);
    print_fault(paths[0], file);
    fa_weights_free(file);
    return FA_OK;
}

/* ---- diff ---- */

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

fa_status fa_weights_compare(struct fa_invocation *invocation, const char *const *paths)
{
    struct fa_weights_file *a = NULL, *b = NULL;
    struct fa_weights_difference difference;
    fa_status status = fa_model_weights_look(paths[0], &a, NULL);

    if (status == FA_OK)
        status = fa_model_weights_look(paths[1], &b, NULL);
    if (status == FA_OK) {
        print_fault(paths[0], a);
        print_fault(paths[1], b);
        fa_weights_diff(a, b, &difference);
    }
    if (status == FA_OK)
        status = report_difference(invocation, &difference);
    fa_weights_free(b);
    fa_weights_free(a);
    return status;
}
