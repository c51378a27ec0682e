/*
 * onnx_graph.h - the graph of an ONNX model in the making: nodes, constants, inputs and outputs.
 *
 * Values are known by their names; a node comes after those whose values it reads. Where memory is short,
 * fa_proto_status(&onnx->graph) tells at the end.
 */
#ifndef FA_ONNX_GRAPH_H
#define FA_ONNX_GRAPH_H

#include <stdint.h>

#include "fa/json.h"
#include "fa/protobuf.h"

enum { FA_ONNX_NAME_MAX = 112 };

struct fa_onnx {
    struct fa_proto graph;
    struct fa_proto part, inner, innermost; /* of what is being added */
    char scope[FA_ONNX_NAME_MAX];
};

void fa_onnx_begin(struct fa_onnx *onnx, const char *name);
void fa_onnx_free(struct fa_onnx *onnx);

/* From now on names that begin with a dot are those of values within this scope, "P3" and ".boxes" being
   "P3.boxes". */
void fa_onnx_scope(struct fa_onnx *onnx, const char *scope);

/* A text, a real (not 0), several whole numbers, or else one. */
struct fa_onnx_attribute {
    const char *name, *text;
    float real;
    int64_t number;
    int n; /* of numbers */
    int64_t numbers[4];
};

#define FA_ONNX_TEXT(key, value)                                                                             \
    {                                                                                                        \
        .name = (key), .text = (value)                                                                       \
    }
#define FA_ONNX_REAL(key, value)                                                                             \
    {                                                                                                        \
        .name = (key), .real = (value)                                                                       \
    }
#define FA_ONNX_NUMBER(key, value)                                                                           \
    {                                                                                                        \
        .name = (key), .number = (value)                                                                     \
    }
#define FA_ONNX_NUMBERS(key, ...)                                                                            \
    {                                                                                                        \
        .name = (key), .n = 4, .numbers = { __VA_ARGS__ }                                                    \
    }
#define FA_ONNX_TWO_NUMBERS(key, a, b)                                                                       \
    {                                                                                                        \
        .name = (key), .n = 2, .numbers = {(a), (b) }                                                        \
    }

/* What a cast is to. */
#define FA_ONNX_FLOAT 1

struct fa_onnx_node {
    const char *op;
    const char *in[6]; /* NULL ends them, here and below; "": one that is left out */
    const char *out[3];
    struct fa_onnx_attribute attributes[5];
};

void fa_onnx_add(struct fa_onnx *onnx, const struct fa_onnx_node *nodes, size_t n);

/* Constants; n_dims 0: a scalar. */
void fa_onnx_floats(struct fa_onnx *onnx, const char *name, int n_dims, const int64_t *dims,
                    const float *values);
void fa_onnx_integers(struct fa_onnx *onnx, const char *name, int n_dims, int64_t n, const int64_t *values);

/* Of a float32 tensor that the model takes or gives: a size, or where that is 0 a name. */
struct fa_onnx_dim {
    int64_t size;
    const char *name;
};
void fa_onnx_input(struct fa_onnx *onnx, const char *name, int n_dims, const struct fa_onnx_dim *dims);
void fa_onnx_output(struct fa_onnx *onnx, const char *name, int n_dims, const struct fa_onnx_dim *dims);

/* What stands in a file before the graph's bytes, which end it. texts: an object of the model's metadata. */
void fa_onnx_head(const struct fa_onnx *onnx, const struct fa_json *texts, struct fa_proto *head);

#endif
