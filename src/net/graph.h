/*
 * graph.h - how the graph is made: the builders (resnet.c, fpn.c, retina_head.c) add layers and nodes.
 */
#ifndef FA_NET_GRAPH_H
#define FA_NET_GRAPH_H

#include "fa/graph.h"

/* Each returns the index of what it added; a conv whose layer has group norm is followed by a norm, which
   takes the residual and the ReLU and is what is returned. */
int fa_graph_layer(struct fa_graph *graph, const struct fa_layer *layer);
int fa_graph_image(struct fa_graph *graph);
int fa_graph_conv(struct fa_graph *graph, int layer, int in, int residual, bool relu);
int fa_graph_pool(struct fa_graph *graph, int in);
int fa_graph_upsample(struct fa_graph *graph, int in, int like);

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

/* Sets graph->finest_level; pyramid[l] becomes the node of the level that lies l above it. */
void fa_fpn_build(struct fa_graph *graph, const struct fa_model_config *config, const int feature[4],
                  int pyramid[FA_LEVELS]);

/* Sets graph->cls and graph->reg. */
void fa_retina_head_build(struct fa_graph *graph, const struct fa_model_config *config,
                          const int pyramid[FA_LEVELS]);

#endif
