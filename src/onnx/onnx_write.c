/*
 * From weights to the file: the graph in memory, then what stands before it, and the graph as it is.
 */
#include <string.h>

#include "fa/graph.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "fa/onnx.h"
#include "onnx_decode.h"
#include "onnx_network.h"

#define LARGEST ((size_t)1 << 31) /* of a protocol buffer */

/* ---- what it is made of ---- */

static fa_status check(const struct fa_model_config *config, const struct fa_weights_file *weights)
{
    if (!weights->has_meta || !(weights->meta.coder_std[0] > 0))
        return fa_fail(FA_EINVAL, "the weights do not say how %s; import them with --config first",
                       weights->has_meta ? "boxes are coded" : "pixels are prepared");
    if (config->norm == FA_NORM_GROUP && config->norm_groups < 1)
        return fa_fail(FA_EINVAL, "the weights do not say how many groups their norms have; import them with "
                                  "--config first");
    return FA_OK;
}

static void add_interface(struct fa_onnx *onnx, int num_classes)
{
    const struct fa_onnx_dim image[4] = {{1, NULL}, {3, NULL}, {0, "height"}, {0, "width"}};
    const struct fa_onnx_dim boxes[3] = {{1, NULL}, {0, "anchors"}, {4, NULL}};
    const struct fa_onnx_dim scores[3] = {{1, NULL}, {0, "anchors"}, {num_classes, NULL}};

    fa_onnx_input(onnx, FA_ONNX_IMAGE, 4, image);
    fa_onnx_output(onnx, FA_ONNX_BOXES, 3, boxes);
    fa_onnx_output(onnx, FA_ONNX_SCORES, 3, scores);
}

static fa_status add_graph(struct fa_onnx *onnx, const struct fa_graph *graph,
                           const struct fa_model_config *config, const struct fa_weights_file *weights)
{
    struct fa_box_coder coder;

    memcpy(coder.std, weights->meta.coder_std, sizeof coder.std);
    fa_onnx_begin(onnx, "detector");
    add_interface(onnx, config->num_classes);
    FA_TRY(fa_onnx_network(onnx, graph, weights));
    FA_TRY(fa_onnx_decode(onnx, graph, config, &coder));
    FA_TRY(fa_proto_status(&onnx->graph));
    if (onnx->graph.n >= LARGEST)
        return fa_fail(FA_EINVAL, "the model has %zu bytes, and a file of ONNX can have %zu at most",
                       onnx->graph.n, LARGEST);
    return FA_OK;
}

static fa_status make_graph(const struct fa_model_config *config, const struct fa_weights_file *weights,
                            struct fa_onnx *onnx)
{
    struct fa_params params = {.n = 0};
    struct fa_graph *graph;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *graph, &graph));
    status = fa_graph_make(config, graph, &params);
    if (status == FA_OK)
        status = add_graph(onnx, graph, config, weights);
    fa_params_destroy(&params);
    fa_free(graph);
    return status;
}

/* ---- the file ---- */

/* The metadata are those of a weights file, as safetensors have them. */
static fa_status make_head(const struct fa_onnx *onnx, const struct fa_weights_meta *meta,
                           struct fa_proto *head)
{
    struct fa_json *texts = fa_json_new_object();
    fa_status status = fa_weights_meta_print(meta, texts);

    if (status == FA_OK) {
        fa_onnx_head(onnx, texts, head);
        status = fa_proto_status(head);
    }
    fa_json_free(texts);
    return status;
}

static fa_status write_parts(struct fa_new_file *file, const struct fa_proto *head,
                             const struct fa_proto *graph)
{
    FA_TRY(fa_new_file_write(file, head->bytes, head->n));
    return fa_new_file_write(file, graph->bytes, graph->n);
}

static fa_status write_file(const char *path, const struct fa_onnx *onnx, const struct fa_weights_meta *meta)
{
    struct fa_proto head = {.n = 0};
    struct fa_new_file *file;
    fa_status status = make_head(onnx, meta, &head);

    if (status == FA_OK)
        status = fa_new_file_open(path, &file);
    if (status == FA_OK)
        status = fa_new_file_finish(file, write_parts(file, &head, &onnx->graph));
    fa_proto_free(&head);
    return status;
}

fa_status fa_onnx_write(const char *path, const struct fa_model_config *config,
                        const struct fa_weights_file *weights)
{
    struct fa_onnx onnx = {.scope = ""};
    fa_status status;

    FA_TRY(check(config, weights));
    status = make_graph(config, weights, &onnx);
    if (status == FA_OK)
        status = write_file(path, &onnx, &weights->meta);
    fa_onnx_free(&onnx);
    return status;
}
