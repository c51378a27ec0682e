/*
 * graph.h - the network as a list of nodes, independent of the image's size.
 *
 * A node computes one value from earlier ones and is known by its index, in which order forward runs;
 * backward runs the other way. A layer is one set of weights; several nodes may use it. Layers are listed in
 * the order of mmdetection's state_dict, nodes in the order of execution. All is fixed once the builders
 * (resnet.c, fpn.c, retina_head.c) have run. A graph owns nothing and is a few ten KiB of plain data.
 */
#ifndef FA_NET_GRAPH_H
#define FA_NET_GRAPH_H

#include <stdbool.h>

#include "fa/backend.h"
#include "fa/model.h"

#define FA_NAME_MAX         64
#define FA_GRAPH_MAX_LAYERS 144 /* the deepest, R-101 with eight convs a tower, has 130 */
#define FA_GRAPH_MAX_NODES  416 /* and 398 with group norm */
#define FA_NONE             (-1)

/* What the filters are filled with before training. */
enum fa_filler {
    FA_FILL_KAIMING, /* normal, fan out, gain of ReLU */
    FA_FILL_XAVIER,  /* uniform */
    FA_FILL_GAUSSIAN /* normal, std 0.01 */
};

struct fa_layer {
    char name[FA_NAME_MAX]; /* "backbone.layer1.0.conv1" */
    char norm[FA_NAME_MAX]; /* its norm, "backbone.layer1.0.bn1"; "" if it has a bias instead */
    int norm_groups;        /* of a group norm; 0 otherwise */
    struct fa_weights_desc desc;
    int stride; /* padding is kernel / 2 */
    bool frozen;
    enum fa_filler filler;
    double initial_bias;
    double initial_gamma;

    /* Set as nodes and parameters are added. */
    int first_use, last_use; /* nodes; backward comes to the first one last */
    const struct fa_param *weight, *gamma, *mean,
        *var;                    /* gamma NULL without norm, the latter two without batch norm */
    const struct fa_param *bias; /* beta with a norm */
};

enum fa_node_kind { FA_NODE_IMAGE, FA_NODE_CONV, FA_NODE_NORM, FA_NODE_POOL, FA_NODE_UPSAMPLE };

struct fa_node {
    enum fa_node_kind kind;
    int in;       /* the node whose value it reads; FA_NONE for the image */
    int residual; /* conv, norm: the node whose value is added before the ReLU, or FA_NONE */
    int like;     /* upsample: the node whose height and width it takes */
    int layer;    /* conv, norm */
    int channels; /* of its value */
    bool relu;    /* its value has passed a ReLU */

    /* Does anything trainable lie at or above it, so that backward comes here? */
    bool trains;
    /* Nodes that read its value, by `in` or `residual`; FA_NONE for an output. */
    int first_use, last_use;
};

struct fa_graph {
    int n_layers, n_nodes;
    struct fa_layer layer[FA_GRAPH_MAX_LAYERS];
    struct fa_node node[FA_GRAPH_MAX_NODES];
    int cls[FA_LEVELS], reg[FA_LEVELS]; /* the head's output nodes */
};

/* Each returns the index of what it added; a conv whose layer has group norm is followed by a norm, which
   takes the residual and the ReLU and is what is returned. */
int fa_graph_layer(struct fa_graph *graph, const struct fa_layer *layer);
int fa_graph_image(struct fa_graph *graph);
int fa_graph_conv(struct fa_graph *graph, int layer, int in, int residual, bool relu);
int fa_graph_pool(struct fa_graph *graph, int in);
int fa_graph_upsample(struct fa_graph *graph, int in, int like);

static inline bool fa_layer_has_norm(const struct fa_layer *layer)
{
    return layer->norm[0] != '\0';
}

static inline bool fa_layer_has_group_norm(const struct fa_layer *layer)
{
    return layer->norm_groups > 0;
}

static inline bool fa_layer_has_batch_norm(const struct fa_layer *layer)
{
    return fa_layer_has_norm(layer) && !fa_layer_has_group_norm(layer);
}

/* Gives the layer a norm of the configured kind; `scope.batch` or `scope.group` is its name, NULL where there
   is none of that kind. */
void fa_layer_set_norm(struct fa_layer *layer, const struct fa_model_config *config, const char *scope,
                       const char *batch, const char *group);

/* Of its layer; nodes without one are called by their kind: "image", "pool", "upsample". */
const char *fa_node_name(const struct fa_graph *graph, int i);

/* Does the node's own backward mask the gradient by its ReLU, instead of the readers that complete it? */
bool fa_node_masks_itself(const struct fa_node *node);

/* The level of which node i is the output, FA_NONE if it is none. */
int fa_graph_output_level(const struct fa_graph *graph, int i, bool *is_cls);

/* ---- the builders: each adds its part of the detector ---- */

/* feature[s] becomes the node of C(s+2), the output of stage s. */
void fa_resnet_build(struct fa_graph *graph, const struct fa_model_config *config, int image, int feature[4]);

/* pyramid[l] becomes the node of P(l+3). */
void fa_fpn_build(struct fa_graph *graph, const struct fa_model_config *config, const int feature[4],
                  int pyramid[FA_LEVELS]);

/* Sets graph->cls and graph->reg. */
void fa_retina_head_build(struct fa_graph *graph, const struct fa_model_config *config,
                          const int pyramid[FA_LEVELS]);

#endif
