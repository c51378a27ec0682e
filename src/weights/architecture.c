#include "fa/architecture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/pyramid.h"
#include "fa/widths.h"

enum { N_STAGES = 4, MAX_BLOCKS = 64, MAX_CHANNELS = 1 << 16 };

/* Ends a model's name, the number of groups behind it. */
#define GROUP_NORM "_gn"

/* The ResNets that there are. */
static const struct kind {
    int depth;
    bool bottleneck;
    int n_blocks[N_STAGES];
} kinds[] = {
    {18, false, {2, 2, 2, 2}},
    {34, false, {3, 4, 6, 3}},
    {50, true, {3, 4, 6, 3}},
    {101, true, {3, 4, 23, 3}},
};

static const struct fa_tensor *find_in_block(const struct fa_weights_file *file, int stage, int block,
                                             const char *part)
{
    char name[64];

    snprintf(name, sizeof name, "backbone.layer%d.%d.%s", stage, block, part);
    return fa_weights_find(file, name);
}

static int count_blocks(const struct fa_weights_file *file, int stage)
{
    int n = 0;

    while (n < MAX_BLOCKS && find_in_block(file, stage, n, "conv1.weight") != NULL)
        n++;
    return n;
}

static fa_status fail_unknown(const struct fa_weights_file *file)
{
    if (file->n == 0)
        return fa_fail(FA_EFORMAT, "there is no tensor in it");
    return fa_fail(FA_EFORMAT,
                   "no ResNet is in it: none of its %zu tensors is called backbone.layer1.0.conv1.weight, as "
                   "in mmdetection, or layer1.0.conv1.weight, as in torchvision; the first is %s",
                   file->n, file->tensors[0].name);
}

static fa_status recognise_depth(const struct fa_weights_file *file, struct fa_architecture *out)
{
    const bool bottleneck = find_in_block(file, 1, 0, "conv3.weight") != NULL;
    int n_blocks[N_STAGES];

    for (int s = 0; s < N_STAGES; s++)
        n_blocks[s] = count_blocks(file, s + 1);
    if (n_blocks[0] == 0)
        return fail_unknown(file);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        if (kinds[k].bottleneck == bottleneck && memcmp(kinds[k].n_blocks, n_blocks, sizeof n_blocks) == 0) {
            out->depth = kinds[k].depth;
            return FA_OK;
        }
    return fa_fail(
        FA_EFORMAT,
        "its ResNet has %d, %d, %d and %d %s blocks in the four stages; those of 18, 34, 50 and 101 "
        "layers can be used",
        n_blocks[0], n_blocks[1], n_blocks[2], n_blocks[3], bottleneck ? "bottleneck" : "basic");
}

/* Of the filters with that name; the reference's where the file has none, or such that the matching will
 * tell. */
static int channels_of(const struct fa_weights_file *file, const char *name, int most, int reference)
{
    const struct fa_tensor *filters = fa_weights_find(file, name);

    return filters != NULL && filters->n_dims == 4 && fa_width_can_be(filters->dims[0], most)
               ? (int)filters->dims[0]
               : reference;
}

/* The first 3x3 of a bottleneck network is (groups * base width, base width, 3, 3); of fewer channels there
   are ResNets alone. */
static fa_status recognise_width(const struct fa_weights_file *file, struct fa_architecture *out)
{
    const struct fa_tensor *filters = find_in_block(file, 1, 0, "conv2.weight");
    char shape[64];

    out->groups = 1;
    out->base_width = 64;
    out->base_channels = channels_of(file, "backbone.conv1.weight", FA_MAX_BASE_CHANNELS, 64);
    if (out->depth < 50 || out->base_channels != 64 || filters == NULL)
        return FA_OK; /* of one width, or missing: the matching tells */
    if (filters->n_dims != 4 || filters->dims[1] < 1 || filters->dims[0] > MAX_CHANNELS ||
        filters->dims[0] < filters->dims[1] || filters->dims[0] % filters->dims[1] != 0) {
        fa_dims_print(filters->n_dims, filters->dims, shape, sizeof shape);
        return fa_fail(FA_EFORMAT, "%s is %s; no ResNet or ResNeXt has such filters", filters->name, shape);
    }
    out->groups = (int)(filters->dims[0] / filters->dims[1]);
    out->base_width = (int)filters->dims[1];
    return FA_OK;
}

/* The class layer has a channel for each class of each anchor of a cell. */
static fa_status recognise_classes(const struct fa_weights_file *file, struct fa_architecture *out)
{
    const struct fa_tensor *layer = fa_weights_find(file, "bbox_head.retina_cls.bias");
    int64_t channels;

    if (layer == NULL)
        layer = fa_weights_find(file, "bbox_head.retina_cls.weight");
    if (layer == NULL)
        return FA_OK;
    channels = layer->n_dims > 0 ? layer->dims[0] : 0;
    if (channels < 1 || channels % FA_CELL_ANCHORS != 0 || channels / FA_CELL_ANCHORS > FA_MAX_CLASSES)
        return fa_fail(FA_EFORMAT,
                       "%s has %lld channels, not a multiple of the %d anchors of a cell; this is "
                       "not RetinaNet's head",
                       layer->name, (long long)channels, FA_CELL_ANCHORS);
    out->num_classes = (int)(channels / FA_CELL_ANCHORS);
    if (file->meta.n_classes != 0 && file->meta.n_classes != (size_t)out->num_classes)
        return fa_fail(FA_EFORMAT, "it names %zu classes but predicts %d", file->meta.n_classes,
                       out->num_classes);
    return FA_OK;
}

static int count_head_convs(const struct fa_weights_file *file)
{
    char name[64];

    for (int n = 0; n < FA_HEAD_MAX_CONVS; n++) {
        snprintf(name, sizeof name, "bbox_head.cls_convs.%d.conv.weight", n);
        if (fa_weights_find(file, name) == NULL)
            return n > 0 ? n : 4;
    }
    return FA_HEAD_MAX_CONVS;
}

static void recognise_neck_and_head(const struct fa_weights_file *file, struct fa_architecture *out)
{
    out->neck_channels = channels_of(file, "neck.lateral_convs.0.conv.weight", FA_MAX_WIDTH, 256);
    out->finest_level = fa_weights_find(file, "neck.lateral_convs.3.conv.weight") != NULL ? 2 : 3;
    out->head_channels = channels_of(file, "bbox_head.cls_convs.0.conv.weight", FA_MAX_WIDTH, 256);
    out->head_convs = count_head_convs(file);
}

/* Our own files name the model as fa_architecture_print_model does. */
static int groups_of_name(const char *model)
{
    const char *groups = model != NULL ? strstr(model, GROUP_NORM) : NULL;
    const long n = groups != NULL ? strtol(groups + strlen(GROUP_NORM), NULL, 10) : 0;

    return n > 0 && n <= MAX_CHANNELS ? (int)n : 0;
}

static void recognise_norm(const struct fa_weights_file *file, struct fa_architecture *out)
{
    out->group_norm = fa_weights_has(file, "backbone.gn1.");
    if (out->group_norm)
        out->norm_groups = groups_of_name(file->meta.model);
}

fa_status fa_architecture_recognise(const struct fa_weights_file *file, struct fa_architecture *out)
{
    *out = (struct fa_architecture){.has_neck = fa_weights_has(file, "neck."),
                                    .has_head = fa_weights_has(file, "bbox_head.")};
    FA_TRY(recognise_depth(file, out));
    FA_TRY(recognise_width(file, out));
    recognise_neck_and_head(file, out);
    recognise_norm(file, out);
    return recognise_classes(file, out);
}

/* ---- for people ---- */

void fa_architecture_print_backbone(const struct fa_architecture *architecture, char *text, size_t size)
{
    const struct fa_architecture *a = architecture;
    const char *norm = a->group_norm ? " with group normalisation" : "";
    char channels[32] = "";

    if (a->base_channels != 64)
        snprintf(channels, sizeof channels, " of %d channels", a->base_channels);
    if (a->groups > 1)
        snprintf(text, size, "ResNeXt-%d %dx%dd%s", a->depth, a->groups, a->base_width, norm);
    else
        snprintf(text, size, "ResNet-%d%s%s", a->depth, channels, norm);
}

void fa_architecture_print(const struct fa_architecture *architecture, char *text, size_t size)
{
    const struct fa_architecture *a = architecture;
    const char *neck = !a->has_neck ? "no neck" : a->finest_level == 2 ? "FPN from P2" : "FPN";
    char backbone[64], head[48];

    fa_architecture_print_backbone(a, backbone, sizeof backbone);
    if (!a->has_neck && !a->has_head) {
        snprintf(text, size, "%s%s neck and head", backbone, a->group_norm ? ", without" : " without");
        return;
    }
    if (a->num_classes > 0)
        snprintf(head, sizeof head, "head of %d class%s", a->num_classes, a->num_classes == 1 ? "" : "es");
    else
        snprintf(head, sizeof head, "%s", a->has_head ? "head without class layer" : "no head");
    snprintf(text, size, "%s, %s, %s", backbone, neck, head);
}

void fa_architecture_print_model(const struct fa_architecture *architecture, char *text, size_t size)
{
    const struct fa_architecture *a = architecture;
    char channels[16] = "", norm[16] = "";
    const char *levels = a->finest_level == 2 ? "_p2" : "";

    if (a->base_channels != 64)
        snprintf(channels, sizeof channels, "_c%d", a->base_channels);
    if (a->group_norm)
        snprintf(norm, sizeof norm, a->norm_groups > 0 ? GROUP_NORM "%d" : GROUP_NORM, a->norm_groups);
    if (a->groups > 1)
        snprintf(text, size, "x%d_%dx%dd%s%s", a->depth, a->groups, a->base_width, levels, norm);
    else
        snprintf(text, size, "r%d%s%s%s", a->depth, channels, levels, norm);
}
