#include "compare_loss.h"

#include <math.h>

#include "fa/memory.h"
#include "focal.h"
#include "freeanchor.h"

void loss_result_free(struct loss_result *result)
{
    fa_free(result->cls);
    fa_free(result->reg);
}

struct loss_result host_loss_of(const struct fa_loss_config *config, struct test_scene *scene,
                                const struct fa_objects *objects, double normalizer)
{
    const size_t n = scene->head.n_anchors;
    struct loss_result host = {.cls = zeros(n * (size_t)scene->head.num_classes), .reg = zeros(n * 4)};
    struct fa_loss_workspace *workspace;

    assert_ok(fa_loss_workspace_create(1, &workspace));
    assert_ok(fa_loss_share(config, &scene->head, objects, workspace, &host.share));
    assert_ok(fa_loss_compute(config, &scene->head, objects, normalizer, workspace, &host.loss, host.cls,
                              host.reg));
    fa_loss_workspace_destroy(workspace);
    return host;
}

/* ---- on the device ---- */

struct device_loss device_loss_new(const struct fa_loss_config *config, enum fa_cuda_type type,
                                   struct test_scene *scene, const struct fa_objects *objects, int most,
                                   double normalizer)
{
    const size_t n = scene->head.n_anchors;
    struct device_loss device = {.config = config,
                                 .head = device_head_new(type, scene, type == FA_CUDA_F32 ? 0 : 16),
                                 .objects = device_objects_new(objects, most),
                                 .normalizer = device_copy(&normalizer, sizeof normalizer),
                                 .loss = device_new(sizeof *device.loss),
                                 .assigned = device_new(n * sizeof *device.assigned),
                                 .positives = device_new(sizeof *device.positives)};

    device.assign_scratch = device_zero(fa_cuda_focal_assign_scratch_bytes(n, most));
    device.scratch = device_zero(config->kind == FA_LOSS_FOCAL
                                     ? fa_cuda_focal_scratch_bytes(&device.head, most)
                                     : fa_cuda_freeanchor_scratch_bytes(config, &device.head, most));
    return device;
}

void device_loss_free(struct device_loss *device)
{
    device_head_free(&device->head);
    device_objects_free(&device->objects);
    device_free(device->normalizer);
    device_free(device->loss);
    device_free(device->scratch);
    device_free(device->assign_scratch);
    device_free(device->assigned);
    device_free(device->positives);
}

int device_loss_launch(struct device_loss *device)
{
    const struct fa_loss_config *config = device->config;

    if (config->kind == FA_LOSS_FREEANCHOR)
        return fa_cuda_freeanchor(NULL, config, &device->head, &device->objects, device->normalizer,
                                  device->scratch, device->loss);
    assert_runs(fa_cuda_focal_assign(NULL, &config->focal, fa_cuda_head_anchors(&device->head),
                                     device->head.anchors, &device->objects, device->assign_scratch,
                                     device->assigned, device->positives));
    return fa_cuda_focal(NULL, config, &device->head, &device->objects, device->assigned, device->normalizer,
                         device->scratch, device->loss);
}

struct loss_result device_loss_run(struct device_loss *device)
{
    assert_runs(device_loss_launch(device));
    return (struct loss_result){.loss = *device->loss,
                                .share = device->config->kind == FA_LOSS_FOCAL ? fmax(1, *device->positives)
                                                                               : *device->objects.n,
                                .cls = device_head_read_cls(&device->head),
                                .reg = device_head_read_reg(&device->head)};
}

struct loss_result device_loss_of(const struct fa_loss_config *config, enum fa_cuda_type type,
                                  struct test_scene *scene, const struct fa_objects *objects,
                                  double normalizer)
{
    struct device_loss device =
        device_loss_new(config, type, scene, objects, (int)objects->n + 3, normalizer);
    struct loss_result result = device_loss_run(&device);

    device_loss_free(&device);
    return result;
}

/* ---- how near ---- */

/* Each |got - want| <= relative * (|want| + |part|), or both are as good as 0: saturated logits have
   gradients of 1e-30 and less. */
static void check_gradient(const float *got, const float *want, const float *part, size_t n, double relative)
{
    for (size_t i = 0; i < n; i++) {
        const double size = fabs((double)want[i]) + (part == NULL ? 0 : fabs((double)part[i]));

        if (!(fabs((double)got[i] - (double)want[i]) <= relative * size + 1e-25))
            fail_msg("gradient %zu of %zu: got %.9g, want %.9g of parts like %.9g", i, n, (double)got[i],
                     (double)want[i], size);
    }
}

static void check_sum(double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * fabs(want) + 1e-30))
        fail_msg("got %.17g, want %.17g", got, want);
}

void device_loss_compare(const struct fa_loss_config *config, enum fa_cuda_type type,
                         struct test_scene *scene, const struct fa_objects *objects, double normalizer)
{
    const size_t n = scene->head.n_anchors;
    const double relative = 2e-6 + (type == FA_CUDA_F32 ? 0 : rounding_of(type));
    struct loss_result got = device_loss_of(config, type, scene, objects, normalizer);
    struct loss_result want = host_loss_of(config, scene, objects, normalizer);
    struct loss_result plain = host_loss_of(config, scene, &test_no_objects, normalizer); /* negative parts */

    for (int i = 0; i < FA_LOSS_PARTS; i++)
        check_sum(got.loss.part[i], want.loss.part[i]);
    check_sum(got.loss.bag_probability, want.loss.bag_probability);
    check_sum(got.loss.matched_iou, want.loss.matched_iou);
    check_sum(got.share, want.share);
    check_gradient(got.cls, want.cls, plain.cls, n * (size_t)scene->head.num_classes, relative);
    check_gradient(got.reg, want.reg, NULL, n * 4, relative);
    loss_result_free(&got);
    loss_result_free(&want);
    loss_result_free(&plain);
}
