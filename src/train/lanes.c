#include "lanes.h"

#include "fa/log.h"
#include "fa/memory.h"
#include "image_sizes.h"
#include "training.h"

/* More of them find nothing idle on a device any more. */
enum { MOST_LANES = 8 };

/* What a lane takes beside its activations and gradients, at most: the backend's workspace and scratch, the
   head's rows. */
#define REST_BYTES ((size_t)512 << 20)

size_t fa_lanes_that_fit(size_t n_images, size_t free_bytes, size_t lane_bytes)
{
    const size_t fit = (free_bytes - free_bytes / 10) / lane_bytes;

    return fa_size_smaller(fa_size_smaller(fit > 0 ? fit : 1, n_images), MOST_LANES);
}

/* ---- what one takes ---- */

static void ignore_layer(void *context, const struct fa_layer_info *layer)
{
    (void)context, (void)layer;
}

static fa_status find_largest(const struct fa_training *t, struct fa_image_size *largest)
{
    struct fa_image_sizes sizes;
    fa_status status = fa_image_sizes_list(t->run->train_data, &t->config->transform, &sizes);

    *largest = fa_image_sizes_largest(&sizes);
    fa_free(sizes.at);
    return status;
}

/* A lane over the largest image is planned, and given up again. */
static fa_status measure(const struct fa_training *t, size_t *n_bytes)
{
    struct fa_model_memory memory;
    struct fa_image_size size;
    struct fa_lane *lane;
    fa_status status;

    FA_TRY(find_largest(t, &size));
    FA_TRY(fa_lane_create(t->model, NULL, &lane));
    status = fa_workspace_describe(fa_lane_workspace(lane), size.h, size.w, ignore_layer, NULL);
    fa_workspace_memory(fa_lane_workspace(lane), &memory);
    fa_lane_destroy(lane);
    *n_bytes = memory.arena + memory.gradients + memory.packed_weights / 2 + REST_BYTES;
    return status;
}

/* Ranks that share a device would each count all that is free. */
static bool is_shared(const struct fa_training *t)
{
    return fa_comm_local_size(t->comm) > 1 && fa_backend_shares_device(fa_model_backend(t->model));
}

static fa_status choose(const struct fa_training *t, size_t *n)
{
    struct fa_backend *backend = fa_model_backend(t->model);
    size_t lane_bytes, free_bytes;

    *n = 1;
    if (t->n_local == 1 || fa_backend_device(backend) == NULL || is_shared(t))
        return FA_OK;
    FA_TRY(measure(t, &lane_bytes));
    FA_TRY(fa_backend_free_bytes(backend, &free_bytes));
    *n = fa_lanes_that_fit(t->n_local, free_bytes, lane_bytes);
    fa_info("%zu image%s of a step side by side (train.lanes): each takes up to %zu MiB, %zu MiB are free",
            *n, fa_plural(*n), lane_bytes >> 20, free_bytes >> 20);
    return FA_OK;
}

/* ---- life ---- */

static fa_status open_lane(struct fa_training *t, size_t i)
{
    struct fa_flat *row = NULL;

    if (t->rows != NULL) {
        FA_TRY(fa_flat_create(fa_model_backend(t->model), t->state.params->n_trainable, &t->rows[i]));
        row = t->rows[i];
    }
    return fa_lane_create(t->model, row, &t->lanes[i]);
}

/* Several add to rows of their own, since they do so at the same time. */
fa_status fa_training_open_lanes(struct fa_training *t)
{
    size_t n = fa_size_smaller((size_t)t->config->lanes, t->n_local);

    if (n == 0)
        FA_TRY(choose(t, &n));
    FA_TRY(fa_alloc_zero(n, sizeof(struct fa_lane *), &t->lanes));
    t->n_lanes = n;
    if (n > 1)
        FA_TRY(fa_alloc_zero(n, sizeof(struct fa_flat *), &t->rows));
    for (size_t i = 0; i < n; i++)
        FA_TRY(open_lane(t, i));
    return FA_OK;
}

void fa_training_close_lanes(struct fa_training *t)
{
    for (size_t i = 0; t->lanes != NULL && i < t->n_lanes; i++)
        fa_lane_destroy(t->lanes[i]);
    for (size_t i = 0; t->rows != NULL && i < t->n_lanes; i++)
        fa_flat_destroy(t->rows[i]);
    fa_free(t->lanes);
    fa_free(t->rows);
}
