#include "network.h"

#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "flats.h"
#include "small_network.h"
#include "state.h"

struct fa_model_config network_config(int depth, int frozen_stages)
{
    struct fa_model_config config = small_network(frozen_stages, N_CLASSES, 0.01);

    config.depth = depth;
    return config;
}

struct fa_model_config network_config_of_recipes(int depth, int frozen_stages)
{
    struct fa_model_config config = network_config(depth, frozen_stages);

    config.base_channels = 64;
    config.neck_channels = 256;
    config.head_channels = 256;
    config.head_convs = 4;
    return config;
}

struct fa_model *network_create(const struct fa_model_config *config, const char *backend_name)
{
    struct fa_backend *backend;
    struct fa_model *model;

    assert_ok(fa_backend_open(
        &(struct fa_backend_config){.name = backend_name, .n_threads = 1, .preference = FA_CONV_DIRECT},
        &backend));
    assert_ok(fa_model_create(config, backend, &model));
    return model;
}

/* Of the models that are open at a time. */
static struct fa_workspace *workspaces[8];

static struct fa_workspace **place_of(const struct fa_model *model)
{
    struct fa_workspace **place = NULL;

    for (size_t i = 0; i < sizeof workspaces / sizeof workspaces[0]; i++) {
        if (workspaces[i] != NULL && workspaces[i]->model == model)
            return &workspaces[i];
        if (workspaces[i] == NULL)
            place = &workspaces[i];
    }
    assert_non_null(place);
    return place;
}

struct fa_workspace *network_workspace(struct fa_model *model)
{
    struct fa_workspace **place = place_of(model);

    if (*place == NULL)
        assert_ok(fa_workspace_create(model, NULL, place));
    return *place;
}

void network_destroy(struct fa_model *model)
{
    struct fa_backend *backend = model->backend;
    struct fa_workspace **place = place_of(model);

    fa_workspace_destroy(*place);
    *place = NULL;
    fa_model_destroy(model);
    fa_backend_close(backend);
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 0x811C9DC5u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 0x01000193u;
    return hash;
}

void uniform(const char *name, fa_real *value, size_t n, double low, double high)
{
    const uint32_t start = hash_of(name);

    for (size_t i = 0; i < n; i++) {
        uint32_t x = ((uint32_t)i + start) * 0x9E3779B1u;

        x ^= x >> 15;
        x *= 0x85EBCA77u;
        x ^= x >> 13;
        value[i] = (fa_real)(low + (high - low) * (x / 4294967296.0));
    }
}

static void fill(fa_real *values, const struct fa_param *param, double low, double high)
{
    if (param != NULL)
        uniform(param->name, values + param->offset, param->n_elem, low, high);
}

void network_fill(struct fa_model *model)
{
    fa_real *values;

    assert_ok(fa_flat_open(model->params.value, FA_FLAT_WRITE, &values));
    for (int l = 0; l < model->graph.n_layers; l++) {
        const struct fa_layer *layer = &model->graph.layer[l];
        const struct fa_param *w = layer->weight;
        const double bound = sqrt(6.0 / (double)(w->dims[1] * w->dims[2] * w->dims[3]));
        const double bias = fa_layer_has_norm(layer) ? 0.2 : 0.1;

        fill(values, w, -bound, bound);
        fill(values, layer->bias, -bias, bias);
        fill(values, layer->gamma, 0.2, 0.8);
        fill(values, layer->mean, -0.2, 0.2);
        fill(values, layer->var, 0.5, 1.5);
    }
    assert_ok(fa_flat_close(model->params.value));
    fa_model_params_changed(model);
}

float *network_image(const char *name, int h, int w)
{
    const size_t n = 3 * (size_t)h * (size_t)w;
    fa_real *wide;
    float *image;

    assert_ok(fa_alloc(n, sizeof *wide, &wide));
    assert_ok(fa_alloc(n, sizeof *image, &image));
    uniform(name, wide, n, -2, 2);
    for (size_t i = 0; i < n; i++)
        image[i] = (float)wide[i];
    fa_free(wide);
    return image;
}

/* ---- heads ---- */

static size_t cls_elements(const struct fa_head *head)
{
    return head->n_anchors * (size_t)head->num_classes;
}

size_t network_head_elements(const struct fa_head *head)
{
    return cls_elements(head) + head->n_anchors * 4;
}

static struct fa_head head_copy(struct fa_workspace *workspace, const struct fa_head *head)
{
    struct fa_backend *queue = fa_workspace_queue(workspace);
    const size_t n_cls = cls_elements(head);
    fa_real *copy;

    assert_ok(fa_alloc(network_head_elements(head), sizeof *copy, &copy));
    backend_read(queue, head->cls, n_cls, copy);
    backend_read(queue, head->reg, head->n_anchors * 4, copy + n_cls);
    return (struct fa_head){head->n_anchors, head->num_classes, copy, copy + n_cls};
}

fa_status network_ask(struct fa_workspace *workspace, enum fa_pass pass, const float *chw, int h, int w,
                      struct fa_head *head)
{
    return fa_workspace_forward(workspace, pass, &(struct fa_image){.chw = chw, .h = h, .w = w}, head);
}

struct fa_head network_forward(struct fa_model *model, enum fa_pass pass, const float *image, int h, int w)
{
    struct fa_head head;

    assert_ok(network_ask(network_workspace(model), pass, image, h, w, &head));
    return head_copy(network_workspace(model), &head);
}

fa_real *network_head_gradient(const struct fa_head *head)
{
    const size_t n_cls = cls_elements(head), n_reg = head->n_anchors * 4;
    fa_real *gradient;

    assert_ok(fa_alloc(n_cls + n_reg, sizeof *gradient, &gradient));
    uniform("grad_cls", gradient, n_cls, -1, 1);
    uniform("grad_reg", gradient + n_cls, n_reg, -1, 1);
    return gradient;
}

/* ---- steps ---- */

fa_status network_backward(struct fa_workspace *workspace, const struct fa_head *head,
                           const fa_real *gradient, fa_grad_ready_fn ready, void *context)
{
    struct fa_backend *queue = fa_workspace_queue(workspace);
    fa_real *rows = backend_copy(queue, gradient, network_head_elements(head));
    fa_status status = fa_workspace_backward(workspace, rows, rows + cls_elements(head), ready, context);

    assert_ok(fa_backend_synchronize(queue));
    fa_backend_free(queue, rows);
    return status;
}

void network_step(struct fa_model *model, const float *image, int h, int w)
{
    struct fa_workspace *workspace = network_workspace(model);
    struct fa_head head;
    fa_real *gradient;

    fa_flat_clear(model->params.grad);
    fa_backend_follow(fa_workspace_queue(workspace), fa_backend_mark(model->backend));
    assert_ok(network_ask(workspace, FA_TRAINING, image, h, w, &head));
    gradient = network_head_gradient(&head);
    assert_ok(network_backward(workspace, &head, gradient, NULL, NULL));
    fa_free(gradient);
}

fa_real *network_gradient(struct fa_model *model, const float *image, int h, int w)
{
    network_step(model, image, h, w);
    return flat_copy(model->params.grad, 0, model->params.n_trainable);
}

void network_spoil_arena(struct fa_model *model)
{
    struct fa_workspace *workspace = network_workspace(model);
    void *spoilt;

    assert_ok(fa_alloc(workspace->arena_bytes, 1, &spoilt));
    memset(spoilt, 0xFF, workspace->arena_bytes); /* as a real: NaN */
    fa_backend_put(workspace->queue, workspace->arena, spoilt, workspace->arena_bytes);
    assert_ok(fa_backend_synchronize(workspace->queue));
    fa_free(spoilt);
}

void network_take_ready(void *context, size_t n)
{
    struct network_progress *progress = context;
    const size_t from = progress->n;

    assert_true(n >= from && n <= progress->params->n_trainable);
    assert_ok(fa_backend_synchronize(progress->queue));
    assert_ok(fa_flat_read(progress->params->grad, from, n - from, progress->seen + from));
    progress->pieces += n > from;
    progress->n = n;
}
