/*
 * architecture.h - which network a set of named tensors belongs to.
 *
 * Callable from any thread.
 */
#ifndef FA_ARCHITECTURE_H
#define FA_ARCHITECTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"
#include "fa/weights.h"

FA_BEGIN_DECLARATIONS

struct fa_architecture {
    int depth, groups, base_width, base_channels; /* of the backbone, as in fa_model_config */
    bool has_neck, has_head;
    int neck_channels, finest_level, head_channels, head_convs; /* the reference's without neck, head */
    int num_classes;                                            /* of the class layer; 0 if there is none */
    bool group_norm;                                            /* else batch norm */
    int norm_groups; /* of a group norm; 0 if the file does not say: it is in its model's name alone */
};

/* From names (ours: fa_weights_translate) and shapes: blocks of a stage and their kind give the depth, the
   first 3x3 of a bottleneck its groups and width, the class layer the classes, the stem its norm. FA_EFORMAT
   if there is no backbone, or none of those that are built here. Only what tells networks apart is looked at;
   fa_weights_match says whether all is there. */
fa_status fa_architecture_recognise(const struct fa_weights_file *file,
                                    struct fa_architecture *out) FA_CHECK_RESULT;

/* "ResNet-50", "ResNeXt-101 32x4d with group normalisation". */
void fa_architecture_print_backbone(const struct fa_architecture *architecture, char *text, size_t size);

/* "ResNet-50, FPN, head of 80 classes"; "ResNet-50 without neck and head". */
void fa_architecture_print(const struct fa_architecture *architecture, char *text, size_t size);

/* "r50", "x101_32x4d", "r50_p2_gn32" with a pyramid from P2 on: what weights files call the model. */
void fa_architecture_print_model(const struct fa_architecture *architecture, char *text, size_t size);

FA_END_DECLARATIONS

#endif
