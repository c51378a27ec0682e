#include "layers.h"

#include <stdio.h>

#include "fa/memory.h"

const char *const fa_conv_spans[FA_DIRECTIONS] = {[FA_CONV_FORWARD] = "conv forward",
                                                  [FA_CONV_BACKWARD_DATA] = "conv backward data",
                                                  [FA_CONV_BACKWARD_WEIGHTS] = "conv backward weights"};

static fa_status add(struct fa_layers *layers, const struct fa_layer_info *layer)
{
    FA_TRY(fa_reserve(&layers->rows, layers->n + 1, sizeof *layers->rows, &layers->capacity));
    layers->rows[layers->n++] = *layer;
    return FA_OK;
}

static void collect(void *context, const struct fa_layer_info *layer)
{
    struct fa_layers *layers = context;

    if (layers->status == FA_OK)
        layers->status = add(layers, layer);
}

fa_status fa_layers_collect(struct fa_model *model, int h, int w, struct fa_layers *layers)
{
    *layers = (struct fa_layers){.status = FA_OK};
    struct fa_workspace *workspace;
    fa_status status;

    FA_TRY(fa_workspace_create(model, NULL, &workspace));
    status = fa_workspace_describe(workspace, h, w, collect, layers);
    fa_workspace_destroy(workspace);
    FA_TRY(status);
    return layers->status;
}

void fa_layers_free(struct fa_layers *layers)
{
    fa_free(layers->rows);
    *layers = (struct fa_layers){.status = FA_OK};
}

void fa_conv_print(const struct fa_conv_desc *conv, char *text, size_t size)
{
    char stride[16] = "", groups[16] = "";

    if (conv->stride > 1)
        snprintf(stride, sizeof stride, "/%d", conv->stride);
    if (conv->groups > 1)
        snprintf(groups, sizeof groups, " x%d", conv->groups);
    snprintf(text, size, "%dx%d%s %d->%d%s", conv->kernel, conv->kernel, stride, conv->in.c,
             conv->out_channels, groups);
}

double fa_conv_gflops(const struct fa_conv_desc *conv, double seconds)
{
    return seconds > 0 ? 2 * fa_conv_macs(conv) / seconds / 1e9 : 0;
}
