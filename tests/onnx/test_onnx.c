/*
 * ONNX models, taken apart again by the definitions of protocol buffers and of onnx.proto. Whether they
 * compute the right thing is for e2e.onnx, which runs them; that they are those that it ran, for the golden
 * checksums here.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/crc32c.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/onnx.h"
#include "fa/params.h"
#include "support.h"

#define LARGEST ((size_t)1 << 30)

/* ---- weights ---- */

static struct fa_model_config config_of(enum fa_model_norm norm)
{
    return (struct fa_model_config){.depth = 18,
                                    .groups = 1,
                                    .base_width = 64,
                                    .base_channels = 64,
                                    .neck_channels = 16,
                                    .head_channels = 16,
                                    .head_convs = 1,
                                    .num_classes = 2,
                                    .prior_probability = 0.01,
                                    .norm = norm,
                                    .norm_groups = 32};
}

static int by_name(const void *a, const void *b)
{
    const struct fa_tensor *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static double class_thresholds[] = {0.5, 0.125};
static char disc[] = "disc", square[] = "square \"2\"", *classes[] = {disc, square};

/* Quarters that differ from place to place; variances are positive. Names are those of params. */
static void make_weights(const struct fa_params *params, struct fa_weights_file *file)
{
    *file = (struct fa_weights_file){.n = params->n, .has_meta = true};
    file->meta = (struct fa_weights_meta){.mean = {123.5f, 116.25f, 103.5f},
                                          .std = {58.5f, 57.25f, 57.5f},
                                          .to_rgb = true,
                                          .coder_std = {0.1f, 0.1f, 0.2f, 0.2f},
                                          .thresholds = {.all = 0.25, .n = 2, .of_class = class_thresholds},
                                          .n_classes = 2,
                                          .classes = classes};
    assert_ok(fa_alloc(params->n, sizeof *file->tensors, &file->tensors));
    for (size_t t = 0; t < params->n; t++) {
        const struct fa_param *param = &params->entry[t];
        struct fa_tensor *tensor = &file->tensors[t];

        *tensor = (struct fa_tensor){.name = param->name, .n_dims = param->n_dims, .n_elem = param->n_elem};
        memcpy(tensor->dims, param->dims, sizeof tensor->dims);
        assert_ok(fa_alloc(param->n_elem, sizeof(float), &tensor->data));
        for (size_t i = 0; i < param->n_elem; i++)
            tensor->data[i] = ((float)((i * 7 + t) % 13) - 6) / 4;
        if (fa_tensor_is_variance(tensor))
            for (size_t i = 0; i < param->n_elem; i++)
                tensor->data[i] = (float)(i % 3) + 1;
    }
    qsort(file->tensors, file->n, sizeof *file->tensors, by_name);
}

static void free_weights(struct fa_weights_file *file)
{
    for (size_t t = 0; t < file->n; t++)
        fa_free(file->tensors[t].data);
    fa_free(file->tensors);
}

/* ---- a reader ---- */

struct reader {
    const uint8_t *at, *end;
};

static uint64_t varint(struct reader *r)
{
    uint64_t value = 0;

    for (int shift = 0;; shift += 7) {
        assert_true(r->at < r->end && shift < 64);
        value |= (uint64_t)(*r->at & 127) << shift;
        if ((*r->at++ & 128) == 0)
            return value;
    }
}

struct field {
    int number;
    uint64_t value;     /* of a varint */
    struct reader part; /* of what has a length */
};

static bool next_field(struct reader *r, struct field *field)
{
    uint64_t key, n;

    if (r->at == r->end)
        return false;
    key = varint(r);
    *field = (struct field){.number = (int)(key >> 3)};
    if ((key & 7) == 0) {
        field->value = varint(r);
        return true;
    }
    n = (key & 7) == 5 ? 4 : varint(r);
    assert_true((key & 7) == 2 || (key & 7) == 5);
    assert_true(n <= (uint64_t)(r->end - r->at));
    field->part = (struct reader){r->at, r->at + n};
    r->at += n;
    return true;
}

struct text {
    char text[128];
};

static struct text text_of(struct reader part)
{
    struct text text = {""};

    assert_true((size_t)(part.end - part.at) < sizeof text.text);
    memcpy(text.text, part.at, (size_t)(part.end - part.at));
    return text;
}

enum { MAX_NAMES = 2000 };

/* What a graph says. */
struct seen {
    struct text known[MAX_NAMES]; /* values that a node may read */
    size_t n_known, n_nodes, n_constants, n_outputs;
    struct reader filters, bias; /* of backbone.conv1 */
};

static bool is_known(const struct seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->n_known; i++)
        if (strcmp(seen->known[i].text, name) == 0)
            return true;
    return false;
}

static void know(struct seen *seen, struct text name)
{
    assert_false(is_known(seen, name.text)); /* values are set once */
    assert_true(seen->n_known < MAX_NAMES);
    seen->known[seen->n_known++] = name;
}

static void read_constant(struct reader r, struct seen *seen)
{
    uint64_t n_elem = 1, type = 0;
    struct reader bytes = {NULL, NULL};
    struct text name = {""};
    struct field field;

    while (next_field(&r, &field))
        switch (field.number) {
        case 1:
            n_elem *= field.value;
            break;
        case 2:
            type = field.value;
            break;
        case 8:
            name = text_of(field.part);
            break;
        case 9:
            bytes = field.part;
            break;
        default:
            fail();
        }
    assert_true(type == 1 || type == 7);
    assert_int_equal(bytes.end - bytes.at, n_elem * (type == 1 ? 4 : 8));
    know(seen, name);
    seen->n_constants++;
    if (strcmp(name.text, "backbone.conv1.weight") == 0)
        seen->filters = bytes;
    if (strcmp(name.text, "backbone.conv1.bias") == 0)
        seen->bias = bytes;
}

static void read_node(struct reader r, struct seen *seen)
{
    struct field field;

    while (next_field(&r, &field)) {
        assert_true(field.number >= 1 && field.number <= 5);
        if (field.number == 1 && field.part.at < field.part.end && !is_known(seen, text_of(field.part).text))
            fail_msg("%s is read and not there", text_of(field.part).text);
        if (field.number == 2)
            know(seen, text_of(field.part));
    }
    seen->n_nodes++;
}

static struct text first_text(struct reader r)
{
    struct field field;

    assert_true(next_field(&r, &field) && field.number == 1);
    return text_of(field.part);
}

static void read_graph(struct reader r, struct seen *seen)
{
    struct field field;

    for (struct reader constants = r; next_field(&constants, &field);)
        if (field.number == 5)
            read_constant(field.part, seen);
    for (struct reader inputs = r; next_field(&inputs, &field);)
        if (field.number == 11)
            know(seen, first_text(field.part));
    for (struct reader nodes = r; next_field(&nodes, &field);)
        if (field.number == 1)
            read_node(field.part, seen);
    while (next_field(&r, &field))
        if (field.number == 12) {
            assert_true(is_known(seen, first_text(field.part).text));
            seen->n_outputs++;
        }
}

/* The metadata's texts, one behind the other. */
static void read_model(struct reader r, struct seen *seen, struct reader *graph, char *metadata, size_t size)
{
    struct field field;
    size_t n = 0;

    metadata[0] = '\0';
    while (next_field(&r, &field))
        if (field.number == 7)
            read_graph(*graph = field.part, seen);
        else if (field.number == 14) {
            struct field part;

            while (next_field(&field.part, &part))
                n += (size_t)snprintf(metadata + n, size - n, "%s ", text_of(part.part).text);
            assert_true(n < size);
        }
}

/* ---- tests ---- */

static float number_at(struct reader bytes, size_t i)
{
    float number;

    memcpy(&number, bytes.at + i * sizeof number, sizeof number);
    return number;
}

static void check_folding(const struct fa_weights_file *file, const struct seen *seen)
{
    const float *weight = fa_weights_find(file, "backbone.conv1.weight")->data,
                *gamma = fa_weights_find(file, "backbone.bn1.weight")->data,
                *beta = fa_weights_find(file, "backbone.bn1.bias")->data,
                *mean = fa_weights_find(file, "backbone.bn1.running_mean")->data,
                *var = fa_weights_find(file, "backbone.bn1.running_var")->data;

    for (size_t o = 0; o < 64; o++) {
        const double scale = gamma[o] / sqrt(var[o] + 1e-5);

        for (size_t i = o * 147; i < (o + 1) * 147; i++)
            assert_near(number_at(seen->filters, i), weight[i] * scale, 1e-6);
        assert_near(number_at(seen->bias, o), beta[o] - mean[o] * scale, 1e-6);
    }
}

static void check(enum fa_model_norm norm, size_t n_nodes, uint32_t crc)
{
    const struct fa_model_config config = config_of(norm);
    const char *path = fa_test_path(fa_test_directory(), "m.onnx");
    struct seen *seen;
    struct fa_params params;
    struct fa_weights_file file;
    struct reader graph = {NULL, NULL};
    char *bytes, metadata[1024];
    size_t n;

    assert_ok(fa_model_list_params(&config, &params));
    make_weights(&params, &file);
    assert_ok(fa_onnx_write(path, &config, &file));
    assert_ok(fa_file_read(path, LARGEST, &bytes, &n));
    assert_ok(fa_alloc_zero(1, sizeof *seen, &seen));
    read_model((struct reader){(uint8_t *)bytes, (uint8_t *)bytes + n}, seen, &graph, metadata,
               sizeof metadata);
    assert_int_equal(seen->n_outputs, 2);
    if (norm == FA_NORM_FROZEN_BATCH)
        check_folding(&file, seen);
    assert_non_null(strstr(metadata, "classes [\"disc\",\"square \\\"2\\\"\"]"));
    assert_non_null(strstr(metadata, "score_threshold 0.25"));
    assert_non_null(strstr(metadata, "class_score_thresholds [0.5,0.125]"));
    if (seen->n_nodes != n_nodes || fa_crc32c(0, graph.at, (size_t)(graph.end - graph.at)) != crc)
        fail_msg(
            "another graph, of %zu nodes and checksum 0x%08x: run tests/e2e/fast_onnx.sh with onnxruntime",
            seen->n_nodes, fa_crc32c(0, graph.at, (size_t)(graph.end - graph.at)));
    fa_free(seen);
    fa_free(bytes);
    free_weights(&file);
    fa_params_destroy(&params);
}

static void a_model_with_folded_norms_reads_only_what_is_there(void **state)
{
    (void)state;
    check(FA_NORM_FROZEN_BATCH, 243, 0x16ada07a);
}

static void so_does_one_with_group_norm(void **state)
{
    (void)state;
    check(FA_NORM_GROUP, 471, 0x2cee432a);
}

static void what_weights_do_not_say_is_asked_for(void **state)
{
    struct fa_model_config config = config_of(FA_NORM_GROUP);
    const char *path = fa_test_path(fa_test_directory(), "never.onnx");
    struct fa_weights_file file = {.has_meta = false};

    (void)state;
    assert_fails_saying(fa_onnx_write(path, &config, &file), FA_EINVAL, "how pixels are prepared");
    file.has_meta = true;
    assert_fails_saying(fa_onnx_write(path, &config, &file), FA_EINVAL, "how boxes are coded");
    file.meta.coder_std[0] = 1;
    config.norm_groups = 0;
    assert_fails_saying(fa_onnx_write(path, &config, &file), FA_EINVAL, "how many groups");
    assert_false(fa_file_exists(path));
}

/* Not after each allocation: a model has 45 MB. */
static void short_memory_is_told_and_leaves_nothing(void **state)
{
    static const long nth[] = {1, 2, 3, 4, 6, 40, 100};
    const struct fa_model_config config = config_of(FA_NORM_GROUP);
    const char *path = fa_test_path(fa_test_directory(), "short.onnx");
    struct fa_weights_file file;
    struct fa_params params;

    (void)state;
    assert_ok(fa_model_list_params(&config, &params));
    make_weights(&params, &file);
    for (size_t i = 0; i < sizeof nth / sizeof nth[0]; i++) {
        const long blocks = fa_memory_balance();

        fa_memory_fail_after(nth[i]);
        assert_fails(fa_onnx_write(path, &config, &file), FA_ENOMEM);
        fa_memory_fail_after(0);
        assert_int_equal(fa_memory_balance(), blocks);
        assert_false(fa_file_exists(path));
    }
    free_weights(&file);
    fa_params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_with_folded_norms_reads_only_what_is_there),
        cmocka_unit_test(so_does_one_with_group_norm),
        cmocka_unit_test(what_weights_do_not_say_is_asked_for),
        cmocka_unit_test(short_memory_is_told_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
