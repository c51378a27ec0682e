#include "device_head.h"

#include <string.h>

#include "fa/memory.h"

/* Rows of `used` values on the host are rows of `channels` on the device. */
static void *pad_rows(enum fa_cuda_type type, const float *rows, size_t n_rows, size_t used, size_t channels)
{
    float *padded = zeros(n_rows * channels);
    void *on_device;

    for (size_t row = 0; row < n_rows; row++)
        memcpy(padded + row * channels, rows + row * used, used * sizeof *rows);
    on_device = device_values(type, padded, n_rows * channels);
    fa_free(padded);
    return on_device;
}

static int padded_channels(int used, int more)
{
    return (used + 7) / 8 * 8 + more;
}

static void round_all(enum fa_cuda_type type, fa_real *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = rounded(type, values[i]);
}

struct fa_cuda_head device_head_new(enum fa_cuda_type type, struct test_scene *scene, int more_padding)
{
    const int classes = scene->head.num_classes, logits = FA_CELL_ANCHORS * classes,
              deltas = FA_CELL_ANCHORS * 4;
    struct fa_cuda_head head = {.type = type,
                                .num_classes = classes,
                                .cls_channels = padded_channels(logits, more_padding),
                                .reg_channels = padded_channels(deltas, more_padding)};
    size_t first = 0;

    round_all(type, scene->cls, scene->head.n_anchors * (size_t)classes);
    round_all(type, scene->reg, scene->head.n_anchors * 4);
    for (int l = 0; l < FA_LEVELS; l++) {
        const size_t positions = (size_t)(scene->pyramid.h[l] * scene->pyramid.w[l]);

        head.level[l].positions = (unsigned)positions;
        head.level[l].cls = pad_rows(type, scene->head.cls + first * (size_t)logits, positions,
                                     (size_t)logits, (size_t)head.cls_channels);
        head.level[l].reg = pad_rows(type, scene->head.reg + first * (size_t)deltas, positions,
                                     (size_t)deltas, (size_t)head.reg_channels);
        first += positions;
    }
    head.anchors = device_copy(scene->anchors, scene->head.n_anchors * 4 * sizeof(float));
    return head;
}

void device_head_free(struct fa_cuda_head *head)
{
    for (int l = 0; l < FA_LEVELS; l++) {
        device_free(head->level[l].cls);
        device_free(head->level[l].reg);
    }
    device_free((void *)head->anchors);
}

static void unpad_rows(enum fa_cuda_type type, const void *on_device, size_t n_rows, size_t used,
                       size_t channels, float *rows)
{
    float *padded = device_read(type, on_device, n_rows * channels);

    for (size_t row = 0; row < n_rows; row++) {
        memcpy(rows + row * used, padded + row * channels, used * sizeof *rows);
        for (size_t c = used; c < channels; c++)
            if (padded[row * channels + c] != 0)
                fail_msg("padding of row %zu holds %g", row, (double)padded[row * channels + c]);
    }
    fa_free(padded);
}

float *device_head_read_cls(const struct fa_cuda_head *head)
{
    const size_t used = FA_CELL_ANCHORS * (size_t)head->num_classes;
    float *rows = zeros(fa_cuda_head_anchors(head) * (size_t)head->num_classes), *to = rows;

    for (int l = 0; l < FA_LEVELS; to += used * head->level[l].positions, l++)
        unpad_rows(head->type, head->level[l].cls, head->level[l].positions, used, (size_t)head->cls_channels,
                   to);
    return rows;
}

float *device_head_read_reg(const struct fa_cuda_head *head)
{
    const size_t used = FA_CELL_ANCHORS * 4;
    float *rows = zeros(fa_cuda_head_anchors(head) * 4), *to = rows;

    for (int l = 0; l < FA_LEVELS; to += used * head->level[l].positions, l++)
        unpad_rows(head->type, head->level[l].reg, head->level[l].positions, used, (size_t)head->reg_channels,
                   to);
    return rows;
}

struct fa_cuda_objects device_objects_new(const struct fa_objects *objects, int most)
{
    const size_t n = objects->n < (size_t)most ? objects->n : (size_t)most;
    const int32_t count = (int32_t)objects->n;
    float *boxes = device_new((size_t)most * 4 * sizeof *boxes);
    int32_t *labels = device_new((size_t)most * sizeof *labels);

    if (n > 0) {
        memcpy(boxes, objects->boxes, n * 4 * sizeof *boxes);
        memcpy(labels, objects->labels, n * sizeof *labels);
    }
    return (struct fa_cuda_objects){
        .most = most, .n = device_copy(&count, sizeof count), .boxes = boxes, .labels = labels};
}

void device_objects_free(struct fa_cuda_objects *objects)
{
    device_free((void *)objects->n);
    device_free((void *)objects->boxes);
    device_free((void *)objects->labels);
}
