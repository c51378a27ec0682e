#include "network.h"

#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "state.h"
#include "support.h"

struct fa_model_config network_config(int depth, int frozen_stages)
{
    return (struct fa_model_config){.depth = depth,
                                    .groups = 1,
                                    .base_width = 64,
                                    .frozen_stages = frozen_stages,
                                    .num_classes = N_CLASSES,
                                    .prior_probability = 0.01};
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

static void fill(struct fa_model *model, const struct fa_param *param, double low, double high)
{
    if (param != NULL)
        uniform(param->name, model->params.value + param->offset, param->n_elem, low, high);
}

void network_fill(struct fa_model *model)
{
    for (int l = 0; l < model->graph.n_layers; l++) {
        const struct fa_layer *layer = &model->graph.layer[l];
        const struct fa_param *w = layer->weight;
        const double bound = sqrt(6.0 / (double)(w->dims[1] * w->dims[2] * w->dims[3]));
        const double bias = fa_layer_has_norm(layer) ? 0.2 : 0.1;

        fill(model, w, -bound, bound);
        fill(model, layer->bias, -bias, bias);
        fill(model, layer->gamma, 0.2, 0.8);
        fill(model, layer->mean, -0.2, 0.2);
        fill(model, layer->var, 0.5, 1.5);
    }
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

fa_real *network_head_gradient(const struct fa_head *head)
{
    const size_t n_cls = head->n_anchors * (size_t)head->num_classes, n_reg = head->n_anchors * 4;
    fa_real *gradient;

    assert_ok(fa_alloc(n_cls + n_reg, sizeof *gradient, &gradient));
    uniform("grad_cls", gradient, n_cls, -1, 1);
    uniform("grad_reg", gradient + n_cls, n_reg, -1, 1);
    return gradient;
}

double network_loss(const struct fa_head *head, const fa_real *gradient)
{
    const size_t n_cls = head->n_anchors * (size_t)head->num_classes, n_reg = head->n_anchors * 4;
    double loss = 0;

    for (size_t i = 0; i < n_cls; i++)
        loss += (double)head->cls[i] * (double)gradient[i];
    for (size_t i = 0; i < n_reg; i++)
        loss += (double)head->reg[i] * (double)gradient[n_cls + i];
    return loss;
}

void network_step(struct fa_model *model, const float *image, int h, int w)
{
    struct fa_head head;
    fa_real *gradient;

    fa_params_clear_grad(&model->params);
    assert_ok(fa_workspace_forward(network_workspace(model), FA_TRAINING, image, h, w, &head));
    gradient = network_head_gradient(&head);
    assert_ok(fa_workspace_backward(network_workspace(model), gradient,
                                    gradient + head.n_anchors * (size_t)head.num_classes, NULL, NULL));
    fa_free(gradient);
}

void network_take_ready(void *context, size_t n)
{
    struct network_progress *progress = context;

    assert_true(n >= progress->n && n <= progress->params->n_trainable);
    memcpy(progress->seen + progress->n, progress->params->grad + progress->n,
           (n - progress->n) * sizeof(fa_real));
    progress->pieces += n > progress->n;
    progress->n = n;
}
