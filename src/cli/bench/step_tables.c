#include "step_tables.h"

#include <stdio.h>
#include <string.h>

void fa_step_print_phases(struct fa_invocation *invocation, const struct fa_step_measure *measure)
{
    const struct fa_step_times *median = &measure->median;

    printf("\n");
    fa_bench_report_seconds(invocation, "step", median->step_s);
    fa_bench_report_seconds(invocation, "forward", median->forward_s);
    fa_bench_report_seconds(invocation, "loss", median->loss_s);
    fa_bench_report_seconds(invocation, "backward", median->backward_s);
    fa_bench_report_seconds(invocation, "update", median->update_s);
    fa_bench_report_seconds(invocation, "fastest_step", measure->fastest_s);
    fa_bench_report_seconds(invocation, "first_step", measure->first.step_s);
    fa_bench_report_seconds(invocation, "first_step_extra", measure->first.step_s - median->step_s);
    printf("%-28s %10.0f MiB\n", "peak_rss", (double)measure->peak_rss / 1048576);
    fa_report_number(invocation, "peak_rss_bytes", (double)measure->peak_rss);
}

/* ---- measured algorithms ---- */

static int count_uses(const struct fa_algorithms *algorithms, const struct fa_layers *layers,
                      const struct fa_algorithm_choice *choice)
{
    int n = 0;

    for (size_t i = 0; i < layers->n; i++)
        n += layers->rows[i].algorithm[choice->direction] != NULL &&
             fa_algorithms_find(algorithms, &layers->rows[i].conv, choice->direction) == choice;
    return n;
}

/* Returns what it saves in a step. */
static double print_choice(struct fa_json *rows, const struct fa_algorithm_choice *choice, int n_uses)
{
    const char *direction = fa_conv_direction_names[choice->direction];
    const double gain = n_uses * (choice->rule_seconds - choice->seconds);
    struct fa_json *row = fa_json_new_object();
    char conv[48], size[32];

    fa_conv_print(&choice->conv, conv, sizeof conv);
    snprintf(size, sizeof size, "%dx%d", choice->conv.in.h, choice->conv.in.w);
    printf("%-20s %-9s %-16s %-8s %8.2f ms instead of %8.2f ms, %d times\n", conv, size, direction, choice->algorithm,
           1e3 * choice->seconds, 1e3 * choice->rule_seconds, n_uses);
    fa_json_set(row, "conv", fa_json_new_string(conv));
    fa_json_set(row, "size", fa_json_new_string(size));
    fa_json_set(row, "direction", fa_json_new_string(direction));
    fa_json_set(row, "algorithm", fa_json_new_string(choice->algorithm));
    fa_json_set(row, "uses", fa_json_new_number(n_uses));
    fa_json_set(row, "gain_s", fa_json_new_number(gain));
    fa_json_append(rows, row);
    return gain;
}

void fa_step_print_choices(struct fa_invocation *invocation, const struct fa_algorithms *algorithms,
                           const struct fa_layers *layers)
{
    struct fa_json *rows = fa_json_new_array();
    double gain = 0;

    printf("\nmeasured to be faster than the static rule's choice\n");
    for (size_t i = 0; i < algorithms->n; i++) {
        const struct fa_algorithm_choice *choice = &algorithms->row[i];

        if (choice->seconds < choice->rule_seconds)
            gain += print_choice(rows, choice, count_uses(algorithms, layers, choice));
    }
    printf("%zu of %zu choices, which save %.2f ms of a step\n", fa_json_count(rows), algorithms->n,
           1e3 * gain);
    fa_json_set(invocation->report, "autotune", rows);
    fa_report_number(invocation, "autotune_choices", (double)algorithms->n);
    fa_report_number(invocation, "autotune_gain_s", gain);
}

/* ---- the split ---- */

/* Which operations make up a group; what no group names is "other". */
static const struct group {
    const char *name, *operations[7];
} groups[] = {
    {"convolution", {"conv forward", "conv backward data", "conv backward weights"}},
    {"batch norm folding", {"fold", "load filters", "unfold"}},
    {"group norm", {"norm forward", "norm repeat", "norm backward"}},
    {"reorders", {"pack filters", "import image", "export rows", "import rows"}},
    {"ReLU and sums", {"add and mask", "add gradients", "copy residual"}},
    {"pooling", {"pool", "pool backward"}},
    {"upsampling", {"upsample", "upsample backward"}},
    {"loss", {"loss"}},
    {"clip and SGD", {"clear gradients", "clip", "sgd"}},
    {"other", {"step", "forward", "backward", "update", "layer", "plan"}},
};

enum { N_GROUPS = sizeof groups / sizeof groups[0] };

static double group_seconds(const struct fa_profile *profile, const struct group *group)
{
    double sum = 0;

    for (const char *const *operation = group->operations; *operation != NULL; operation++)
        sum += fa_profile_seconds(profile, *operation, FA_NO_ITEM);
    return sum;
}

static void report_operation(struct fa_json *rows, const char *group, const char *operation, double seconds,
                             double total)
{
    struct fa_json *row = fa_json_new_object();

    fa_json_set(row, "group", fa_json_new_string(group));
    fa_json_set(row, "operation", fa_json_new_string(operation));
    fa_json_set(row, "s", fa_json_new_number(seconds));
    fa_json_set(row, "share", fa_json_new_number(seconds / total));
    fa_json_append(rows, row);
}

static void print_group(struct fa_json *rows, const struct fa_profile *profile, const struct group *group,
                        double total)
{
    const double sum = group_seconds(profile, group);

    printf("%-26s %10.2f ms %6.2f %%\n", group->name, 1e3 * sum, 100 * sum / total);
    for (const char *const *operation = group->operations; *operation != NULL; operation++) {
        const double seconds = fa_profile_seconds(profile, *operation, FA_NO_ITEM);

        report_operation(rows, group->name, *operation, seconds, total);
        if (group->operations[1] != NULL && seconds > 0)
            printf("    %-22s %10.2f ms %6.2f %%\n", *operation, 1e3 * seconds, 100 * seconds / total);
    }
}

void fa_step_print_split(struct fa_invocation *invocation, const struct fa_profile *profile)
{
    const double total = fa_profile_seconds(profile, NULL, FA_NO_ITEM);
    const double convolution = group_seconds(profile, &groups[0]);
    struct fa_json *rows = fa_json_new_array();

    printf("\n%-26s %13s %8s\n", "operations", "time", "share");
    for (int g = 0; g < N_GROUPS; g++)
        print_group(rows, profile, &groups[g], total);
    printf("%-26s %10.2f ms %6.2f %%\n", "all but convolution", 1e3 * (total - convolution),
           100 * (1 - convolution / total));
    fa_json_set(invocation->report, "split", rows);
    fa_report_number(invocation, "operations_s", total);
    fa_report_number(invocation, "convolution_s", convolution);
    fa_report_number(invocation, "convolution_share", convolution / total);
}

/* ---- the layers ---- */

static void report_layer(struct fa_json *rows, const struct fa_layer_info *layer, int direction,
                         double seconds, double total)
{
    struct fa_json *row = fa_json_new_object();
    char text[48];

    fa_json_set(row, "name", fa_json_new_string(layer->name));
    fa_conv_print(&layer->conv, text, sizeof text);
    fa_json_set(row, "conv", fa_json_new_string(text));
    snprintf(text, sizeof text, "%dx%dx%d", layer->out.c, layer->out.h, layer->out.w);
    fa_json_set(row, "out", fa_json_new_string(text));
    fa_json_set(row, "direction", fa_json_new_string(fa_conv_direction_names[direction]));
    fa_json_set(row, "algorithm", fa_json_new_string(layer->algorithm[direction]));
    fa_json_set(row, "s", fa_json_new_number(seconds));
    fa_json_set(row, "gflops", fa_json_new_number(fa_conv_gflops(&layer->conv, seconds)));
    fa_json_set(row, "share", fa_json_new_number(seconds / total));
    fa_json_append(rows, row);
}

/* Of one direction; returns its time. */
static double print_direction(struct fa_json *rows, const struct fa_profile *profile,
                              const struct fa_layer_info *layer, int direction, double total)
{
    const double seconds = fa_profile_seconds(profile, fa_conv_spans[direction], layer->node);

    if (layer->algorithm[direction] == NULL) {
        printf(" | %8s %6s %-8s", "-", "", "");
        return 0;
    }
    report_layer(rows, layer, direction, seconds, total);
    printf(" | %8.2f %6.0f %-8s", 1e3 * seconds, fa_conv_gflops(&layer->conv, seconds),
           layer->algorithm[direction]);
    return seconds;
}

void fa_step_print_layers(struct fa_invocation *invocation, const struct fa_profile *profile,
                          const struct fa_layers *layers)
{
    const double total = fa_profile_seconds(profile, NULL, FA_NO_ITEM);
    struct fa_json *rows = fa_json_new_array();

    printf("\n%-31s %-20s %-12s", "layer", "convolution", "output");
    for (int d = 0; d < FA_DIRECTIONS; d++)
        printf(" | %-24s", fa_conv_direction_names[d]);
    printf(" | share\n%-65s", "");
    for (int d = 0; d < FA_DIRECTIONS; d++)
        printf(" | %8s %6s %-8s", "ms", "GF/s", "");
    printf(" |\n");
    for (size_t i = 0; i < layers->n; i++) {
        const struct fa_layer_info *layer = &layers->rows[i];
        char conv[48], out[48];
        double sum = 0;

        fa_conv_print(&layer->conv, conv, sizeof conv);
        snprintf(out, sizeof out, "%dx%dx%d", layer->out.c, layer->out.h, layer->out.w);
        printf("%-31s %-20s %-12s", layer->name, conv, out);
        for (int d = 0; d < FA_DIRECTIONS; d++)
            sum += print_direction(rows, profile, layer, d, total);
        printf(" | %4.1f %%\n", 100 * sum / total);
    }
    fa_json_set(invocation->report, "layers", rows);
}
