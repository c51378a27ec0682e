#include "onnx_graph.h"

#include <stdio.h>

/* Fields, by message, as onnx.proto has them. */
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER = 2,
    MODEL_GRAPH = 7,
    MODEL_OPERATOR_SET = 8,
    MODEL_PROPERTY = 14
};
enum { OPERATOR_SET_VERSION = 2 };
enum { PROPERTY_KEY = 1, PROPERTY_VALUE = 2 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_CONSTANT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OPERATOR = 4, NODE_ATTRIBUTE = 5 };
enum {
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_REAL = 2,
    ATTRIBUTE_NUMBER = 3,
    ATTRIBUTE_TEXT = 4,
    ATTRIBUTE_NUMBERS = 8,
    ATTRIBUTE_TYPE = 20
};
enum { TYPE_REAL = 1, TYPE_NUMBER = 2, TYPE_TEXT = 3, TYPE_NUMBERS = 7 };
enum { TENSOR_DIM = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_BYTES = 9 };
enum { ELEMENT_FLOAT = FA_ONNX_FLOAT, ELEMENT_INT64 = 7 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_TYPE_ELEMENT = 1, TENSOR_TYPE_SHAPE = 2 };
enum { SHAPE_DIM = 1, DIM_SIZE = 1, DIM_NAME = 2 };

enum { IR_VERSION = 7, OPERATOR_SET = 13 }; /* which belong together */

void fa_onnx_begin(struct fa_onnx *onnx, const char *name)
{
    *onnx = (struct fa_onnx){.graph = {.n = 0}};
    fa_proto_text(&onnx->graph, GRAPH_NAME, name);
}

void fa_onnx_free(struct fa_onnx *onnx)
{
    fa_proto_free(&onnx->graph);
    fa_proto_free(&onnx->part);
    fa_proto_free(&onnx->inner);
    fa_proto_free(&onnx->innermost);
}

/* ---- names ---- */

void fa_onnx_scope(struct fa_onnx *onnx, const char *scope)
{
    snprintf(onnx->scope, sizeof onnx->scope, "%s", scope);
}

static void put_name(const struct fa_onnx *onnx, struct fa_proto *proto, int field, const char *name)
{
    char whole[2 * FA_ONNX_NAME_MAX];

    snprintf(whole, sizeof whole, "%s%s", name[0] == '.' ? onnx->scope : "", name);
    fa_proto_text(proto, field, whole);
}

/* ---- nodes ---- */

static void put_value(struct fa_proto *proto, const struct fa_onnx_attribute *attribute)
{
    if (attribute->text != NULL) {
        fa_proto_text(proto, ATTRIBUTE_TEXT, attribute->text);
        fa_proto_integer(proto, ATTRIBUTE_TYPE, TYPE_TEXT);
    } else if (attribute->real != 0) {
        fa_proto_float(proto, ATTRIBUTE_REAL, attribute->real);
        fa_proto_integer(proto, ATTRIBUTE_TYPE, TYPE_REAL);
    } else if (attribute->n == 0) {
        fa_proto_integer(proto, ATTRIBUTE_NUMBER, attribute->number);
        fa_proto_integer(proto, ATTRIBUTE_TYPE, TYPE_NUMBER);
    } else {
        for (int i = 0; i < attribute->n; i++)
            fa_proto_integer(proto, ATTRIBUTE_NUMBERS, attribute->numbers[i]);
        fa_proto_integer(proto, ATTRIBUTE_TYPE, TYPE_NUMBERS);
    }
}

static void put_attribute(struct fa_onnx *onnx, const struct fa_onnx_attribute *attribute)
{
    fa_proto_clear(&onnx->inner);
    fa_proto_text(&onnx->inner, ATTRIBUTE_NAME, attribute->name);
    put_value(&onnx->inner, attribute);
    fa_proto_message(&onnx->part, NODE_ATTRIBUTE, &onnx->inner);
}

static void add_node(struct fa_onnx *onnx, const struct fa_onnx_node *node)
{
    fa_proto_clear(&onnx->part);
    for (const char *const *in = node->in; *in != NULL; in++)
        put_name(onnx, &onnx->part, NODE_INPUT, *in);
    for (const char *const *out = node->out; *out != NULL; out++)
        put_name(onnx, &onnx->part, NODE_OUTPUT, *out);
    put_name(onnx, &onnx->part, NODE_NAME, node->out[0]);
    fa_proto_text(&onnx->part, NODE_OPERATOR, node->op);
    for (const struct fa_onnx_attribute *attribute = node->attributes; attribute->name != NULL; attribute++)
        put_attribute(onnx, attribute);
    fa_proto_message(&onnx->graph, GRAPH_NODE, &onnx->part);
}

void fa_onnx_add(struct fa_onnx *onnx, const struct fa_onnx_node *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_node(onnx, &nodes[i]);
}

/* ---- constants ---- */

/* The values, which may be many, are copied once: straight behind what announces them. */
static void put_constant(struct fa_onnx *onnx, const char *name, int element, int n_dims, const int64_t *dims,
                         const void *values, size_t size)
{
    size_t n_bytes = size;

    fa_proto_clear(&onnx->part);
    for (int d = 0; d < n_dims; d++) {
        fa_proto_integer(&onnx->part, TENSOR_DIM, dims[d]);
        n_bytes *= (size_t)dims[d];
    }
    fa_proto_integer(&onnx->part, TENSOR_TYPE, element);
    put_name(onnx, &onnx->part, TENSOR_NAME, name);
    fa_proto_announce(&onnx->part, TENSOR_BYTES, n_bytes);
    fa_proto_announce(&onnx->graph, GRAPH_CONSTANT, onnx->part.n + n_bytes);
    fa_proto_append(&onnx->graph, onnx->part.bytes, onnx->part.n);
    fa_proto_append(&onnx->graph, values, n_bytes);
    onnx->graph.is_short |= onnx->part.is_short;
}

void fa_onnx_floats(struct fa_onnx *onnx, const char *name, int n_dims, const int64_t *dims,
                    const float *values)
{
    put_constant(onnx, name, ELEMENT_FLOAT, n_dims, dims, values, sizeof *values);
}

void fa_onnx_integers(struct fa_onnx *onnx, const char *name, int n_dims, int64_t n, const int64_t *values)
{
    put_constant(onnx, name, ELEMENT_INT64, n_dims, &n, values, sizeof *values);
}

/* ---- inputs and outputs ---- */

static void put_dim(struct fa_onnx *onnx, const struct fa_onnx_dim *dim)
{
    fa_proto_clear(&onnx->innermost);
    if (dim->size > 0)
        fa_proto_integer(&onnx->innermost, DIM_SIZE, dim->size);
    else
        fa_proto_text(&onnx->innermost, DIM_NAME, dim->name);
    fa_proto_message(&onnx->inner, SHAPE_DIM, &onnx->innermost);
}

static void put_interface(struct fa_onnx *onnx, int field, const char *name, int n_dims,
                          const struct fa_onnx_dim *dims)
{
    fa_proto_clear(&onnx->inner);
    for (int d = 0; d < n_dims; d++)
        put_dim(onnx, &dims[d]);
    fa_proto_clear(&onnx->part);
    fa_proto_integer(&onnx->part, TENSOR_TYPE_ELEMENT, ELEMENT_FLOAT);
    fa_proto_message(&onnx->part, TENSOR_TYPE_SHAPE, &onnx->inner);
    fa_proto_clear(&onnx->inner);
    fa_proto_message(&onnx->inner, TYPE_TENSOR, &onnx->part);
    fa_proto_clear(&onnx->part);
    fa_proto_text(&onnx->part, VALUE_NAME, name);
    fa_proto_message(&onnx->part, VALUE_TYPE, &onnx->inner);
    fa_proto_message(&onnx->graph, field, &onnx->part);
}

void fa_onnx_input(struct fa_onnx *onnx, const char *name, int n_dims, const struct fa_onnx_dim *dims)
{
    put_interface(onnx, GRAPH_INPUT, name, n_dims, dims);
}

void fa_onnx_output(struct fa_onnx *onnx, const char *name, int n_dims, const struct fa_onnx_dim *dims)
{
    put_interface(onnx, GRAPH_OUTPUT, name, n_dims, dims);
}

/* ---- the model ---- */

static void put_text(struct fa_proto *head, const char *key, const char *text)
{
    struct fa_proto property = {.n = 0};

    fa_proto_text(&property, PROPERTY_KEY, key);
    fa_proto_text(&property, PROPERTY_VALUE, text);
    fa_proto_message(head, MODEL_PROPERTY, &property);
    fa_proto_free(&property);
}

void fa_onnx_head(const struct fa_onnx *onnx, const struct fa_json *texts, struct fa_proto *head)
{
    struct fa_proto operators = {.n = 0};
    const char *text;

    fa_proto_integer(&operators, OPERATOR_SET_VERSION, OPERATOR_SET);
    fa_proto_integer(head, MODEL_IR_VERSION, IR_VERSION);
    fa_proto_text(head, MODEL_PRODUCER, "freeanchor");
    fa_proto_message(head, MODEL_OPERATOR_SET, &operators);
    for (const struct fa_json *member = fa_json_first(texts); member != NULL; member = fa_json_next(member))
        if (fa_json_to_string(member, &text))
            put_text(head, fa_json_key(member), text);
    fa_proto_announce(head, MODEL_GRAPH, onnx->graph.n);
    fa_proto_free(&operators);
}
