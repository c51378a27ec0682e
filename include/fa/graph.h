/*
 * graph.h - the network as a list of nodes, independent of the image's size: for whoever runs it, and for
 * whoever writes it down for others.
 *
 * A node computes one value from earlier ones and is known by its index, in which order forward runs;
 * backward runs the other way. A layer is one set of weights; several nodes may use it. Layers are listed in
 * the order of mmdetection's state_dict, nodes in the order of execution. All is fixed once it is made. A
 * graph owns nothing and is a few ten KiB of plain data.
 */
#ifndef FA_GRAPH_H
#define FA_GRAPH_H

#include <stdbool.h>

#include "fa/backend.h"
#include "fa/declarations.h"
#include "fa/model.h"
#include "fa/params.h"

FA_BEGIN_DECLARATIONS

#define FA_NAME_MAX         64
#define FA_GRAPH_MAX_LAYERS 144 /* the deepest, R-101 with eight convs a tower, has 131 */
#define FA_GRAPH_MAX_NODES  416 /* and 401 with group norm */
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
    int finest_level;                   /* of the pyramid */
    int cls[FA_LEVELS], reg[FA_LEVELS]; /* the head's output nodes */
};

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

/* The network of config, all zeroed before: the graph, and its table of parameters, to which its layers
   point; freed with fa_params_destroy. FA_EINVAL, naming the key, for what cannot be built. */
fa_status fa_graph_make(const struct fa_model_config *config, struct fa_graph *graph,
                        struct fa_params *params) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
