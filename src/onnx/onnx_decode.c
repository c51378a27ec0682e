#include "onnx_decode.h"

#include <stdio.h>

#include "fa/anchors.h"
#include "fa/memory.h"
#include "onnx_network.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- anchors ---- */

/* Width and height of the nine anchors of a cell, times factors. They are the same in all cells of a level.
 */
static fa_status add_sizes(struct fa_onnx *onnx, const struct fa_anchor_design *design, int l,
                           const char *name, float factor_w, float factor_h)
{
    static const int64_t dims[5] = {1, 1, 1, FA_CELL_ANCHORS, 2};
    float sizes[FA_CELL_ANCHORS][2], *anchors;
    struct fa_pyramid pyramid;

    fa_pyramid_make(design->finest_level, FA_SIZE_DIVISOR, FA_SIZE_DIVISOR, &pyramid);
    FA_TRY(fa_alloc(pyramid.n_anchors, 4 * sizeof *anchors, &anchors));
    fa_anchors_make(&pyramid, design, anchors);
    for (size_t a = 0; a < FA_CELL_ANCHORS; a++) {
        const float *anchor = anchors + 4 * (pyramid.first[l] + a);

        sizes[a][0] = (anchor[2] - anchor[0]) * factor_w;
        sizes[a][1] = (anchor[3] - anchor[1]) * factor_h;
    }
    fa_free(anchors);
    fa_onnx_floats(onnx, name, 5, dims, &sizes[0][0]);
    return FA_OK;
}

/* Where the cells of a level lie, [1, h, w, 1, 2]: x and y are multiples of the stride. */
static void add_grid(struct fa_onnx *onnx, int stride)
{
    static const int64_t dims[5] = {1, 1, 1, 1, 2};
    const float right[2] = {(float)stride, 0}, down[2] = {0, (float)stride};
    const struct fa_onnx_node nodes[] = {
        {.op = "Shape", .in = {".reg_rows"}, .out = {".shape"}},
        {.op = "Gather", .in = {".shape", "two"}, .out = {".w"}, .attributes = {FA_ONNX_NUMBER("axis", 0)}},
        {.op = "Gather", .in = {".shape", "one"}, .out = {".h"}, .attributes = {FA_ONNX_NUMBER("axis", 0)}},
        {.op = "Range", .in = {"zero", ".w", "one"}, .out = {".columns"}},
        {.op = "Range", .in = {"zero", ".h", "one"}, .out = {".rows"}},
        {.op = "Cast",
         .in = {".columns"},
         .out = {".real_columns"},
         .attributes = {FA_ONNX_NUMBER("to", FA_ONNX_FLOAT)}},
        {.op = "Cast",
         .in = {".rows"},
         .out = {".real_rows"},
         .attributes = {FA_ONNX_NUMBER("to", FA_ONNX_FLOAT)}},
        {.op = "Reshape", .in = {".real_columns", "form.columns"}, .out = {".across"}},
        {.op = "Reshape", .in = {".real_rows", "form.rows"}, .out = {".along"}},
        {.op = "Mul", .in = {".across", ".right"}, .out = {".x"}},
        {.op = "Mul", .in = {".along", ".down"}, .out = {".y"}},
        {.op = "Add", .in = {".x", ".y"}, .out = {".grid"}},
    };

    fa_onnx_floats(onnx, ".right", 5, dims, right);
    fa_onnx_floats(onnx, ".down", 5, dims, down);
    fa_onnx_add(onnx, nodes, COUNT(nodes));
}

/* ---- a level ---- */

/* From the channels of a map to rows, [1, h, w, channels]. */
static void add_rows(struct fa_onnx *onnx, const struct fa_graph *graph, int node, const char *out)
{
    char map[FA_ONNX_NAME_MAX];
    const struct fa_onnx_node transpose = {
        .op = "Transpose", .in = {map}, .out = {out}, .attributes = {FA_ONNX_NUMBERS("perm", 0, 2, 3, 1)}};

    fa_onnx_value_name(graph, node, map);
    fa_onnx_add(onnx, &transpose, 1);
}

static void add_scores(struct fa_onnx *onnx)
{
    const struct fa_onnx_node nodes[] = {
        {.op = "Reshape", .in = {".cls_rows", "form.scores"}, .out = {".logits"}},
        {.op = "Sigmoid", .in = {".logits"}, .out = {".scores"}},
    };

    fa_onnx_add(onnx, nodes, COUNT(nodes));
}

/* Deltas are [1, h, w, 9, 4]; centre and half size of a box are [1, h, w, 9, 2]. */
static void add_boxes(struct fa_onnx *onnx)
{
    const struct fa_onnx_node nodes[] = {
        {.op = "Reshape", .in = {".reg_rows", "form.deltas"}, .out = {".deltas"}},
        {.op = "Split",
         .in = {".deltas", "halves"},
         .out = {".shift", ".stretch"},
         .attributes = {FA_ONNX_NUMBER("axis", 4)}},
        {.op = "Mul", .in = {".shift", ".reach"}, .out = {".moved"}},
        {.op = "Add", .in = {".grid", ".moved"}, .out = {".centre"}},
        {.op = "Mul", .in = {".stretch", "coder.size"}, .out = {".log_size"}},
        {.op = "Clip", .in = {".log_size", "log_size.least", "log_size.most"}, .out = {".log_clipped"}},
        {.op = "Exp", .in = {".log_clipped"}, .out = {".growth"}},
        {.op = "Mul", .in = {".growth", ".half_anchor"}, .out = {".half"}},
        {.op = "Sub", .in = {".centre", ".half"}, .out = {".first"}},
        {.op = "Add", .in = {".centre", ".half"}, .out = {".last"}},
        {.op = "Concat",
         .in = {".first", ".last"},
         .out = {".box"},
         .attributes = {FA_ONNX_NUMBER("axis", 4)}},
        {.op = "Reshape", .in = {".box", "form.boxes"}, .out = {".boxes"}},
    };

    fa_onnx_add(onnx, nodes, COUNT(nodes));
}

/* "P3.scores"; "P3" with an empty name. */
static void name_in_level(int level, const char *name, char out[FA_ONNX_NAME_MAX])
{
    snprintf(out, FA_ONNX_NAME_MAX, "P%d%s", level, name);
}

static fa_status add_level(struct fa_onnx *onnx, const struct fa_graph *graph, int l,
                           const struct fa_anchor_design *design, const struct fa_box_coder *coder)
{
    char scope[FA_ONNX_NAME_MAX];

    name_in_level(graph->finest_level + l, "", scope);
    fa_onnx_scope(onnx, scope);
    FA_TRY(add_sizes(onnx, design, l, ".reach", coder->std[0], coder->std[1]));
    FA_TRY(add_sizes(onnx, design, l, ".half_anchor", 0.5f, 0.5f));
    add_rows(onnx, graph, graph->cls[l], ".cls_rows");
    add_rows(onnx, graph, graph->reg[l], ".reg_rows");
    add_scores(onnx);
    add_grid(onnx, 1 << (graph->finest_level + l));
    add_boxes(onnx);
    return FA_OK;
}

/* ---- all levels ---- */

static void add_constants(struct fa_onnx *onnx, int num_classes, const struct fa_box_coder *coder)
{
    static const int64_t size_dims[5] = {1, 1, 1, 1, 2};

    fa_onnx_integers(onnx, "zero", 0, 1, (const int64_t[]){0});
    fa_onnx_integers(onnx, "one", 0, 1, (const int64_t[]){1});
    fa_onnx_integers(onnx, "two", 0, 1, (const int64_t[]){2});
    fa_onnx_integers(onnx, "halves", 1, 2, (const int64_t[]){2, 2});
    fa_onnx_integers(onnx, "form.columns", 1, 5, (const int64_t[]){1, 1, -1, 1, 1});
    fa_onnx_integers(onnx, "form.rows", 1, 5, (const int64_t[]){1, -1, 1, 1, 1});
    fa_onnx_integers(onnx, "form.deltas", 1, 5, (const int64_t[]){0, 0, 0, FA_CELL_ANCHORS, 4});
    fa_onnx_integers(onnx, "form.boxes", 1, 3, (const int64_t[]){1, -1, 4});
    fa_onnx_integers(onnx, "form.scores", 1, 3, (const int64_t[]){1, -1, num_classes});
    fa_onnx_integers(onnx, "image.corner", 1, 4, (const int64_t[]){3, 2, 3, 2});
    fa_onnx_floats(onnx, "log_size.least", 0, NULL, (const float[]){-FA_BOX_LOG_CLIP});
    fa_onnx_floats(onnx, "log_size.most", 0, NULL, (const float[]){FA_BOX_LOG_CLIP});
    fa_onnx_floats(onnx, "coder.size", 5, size_dims, coder->std + 2);
    fa_onnx_floats(onnx, "box.least", 0, NULL, (const float[]){0});
}

static void join_levels(struct fa_onnx *onnx, int finest_level, const char *name, const char *out)
{
    struct fa_onnx_node join = {.op = "Concat", .out = {out}, .attributes = {FA_ONNX_NUMBER("axis", 1)}};
    char names[FA_LEVELS][FA_ONNX_NAME_MAX];

    for (int l = 0; l < FA_LEVELS; l++) {
        name_in_level(finest_level + l, name, names[l]);
        join.in[l] = names[l];
    }
    fa_onnx_add(onnx, &join, 1);
}

/* Boxes end at the sides of the image: its width, height, width, height. */
static void add_outputs(struct fa_onnx *onnx, int finest_level)
{
    const struct fa_onnx_node nodes[] = {
        {.op = "Gather",
         .in = {FA_ONNX_IMAGE_SHAPE, "image.corner"},
         .out = {"image.limits"},
         .attributes = {FA_ONNX_NUMBER("axis", 0)}},
        {.op = "Cast",
         .in = {"image.limits"},
         .out = {"box.most"},
         .attributes = {FA_ONNX_NUMBER("to", FA_ONNX_FLOAT)}},
        {.op = "Max", .in = {"decoded", "box.least"}, .out = {"decoded.inside"}},
        {.op = "Min", .in = {"decoded.inside", "box.most"}, .out = {FA_ONNX_BOXES}},
    };

    join_levels(onnx, finest_level, ".scores", FA_ONNX_SCORES);
    join_levels(onnx, finest_level, ".boxes", "decoded");
    fa_onnx_add(onnx, nodes, COUNT(nodes));
}

fa_status fa_onnx_decode(struct fa_onnx *onnx, const struct fa_graph *graph,
                         const struct fa_model_config *config, const struct fa_box_coder *coder)
{
    add_constants(onnx, config->num_classes, coder);
    for (int l = 0; l < FA_LEVELS; l++)
        FA_TRY(add_level(onnx, graph, l, fa_anchors_meant(&config->anchors), coder));
    add_outputs(onnx, graph->finest_level);
    return FA_OK;
}
