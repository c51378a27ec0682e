#include "validation_loss.h"

#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"

/* ---- of one image ---- */

static fa_status make_room(struct fa_validation_loss *own, const struct fa_head *head)
{
    const size_t n_logits = head->n_anchors * (size_t)head->num_classes, n_deltas = head->n_anchors * 4;

    FA_TRY(fa_reserve(&own->images, own->n + 1, sizeof *own->images, &own->size));
    if (n_logits > own->n_logits) {
        FA_TRY(fa_realloc(&own->grad_cls, n_logits, sizeof *own->grad_cls));
        own->n_logits = n_logits;
    }
    if (n_deltas > own->n_deltas) {
        FA_TRY(fa_realloc(&own->grad_reg, n_deltas, sizeof *own->grad_reg));
        own->n_deltas = n_deltas;
    }
    return FA_OK;
}

fa_status fa_validation_loss_saw(void *context, const struct fa_sample *sample, const struct fa_head *head)
{
    struct fa_validation_loss *own = context;
    struct fa_image_loss image;

    memset(&image, 0, sizeof image); /* padding goes over the network too */
    image.record = sample->record;
    FA_TRY(make_room(own, head));
    FA_TRY(fa_lane_share(own->lane, own->config, sample->h, sample->w, &sample->objects, &image.share));
    FA_TRY(fa_lane_head_loss(own->lane, own->config, sample->h, sample->w, head, &sample->objects, 1,
                             &image.loss, own->grad_cls, own->grad_reg));
    own->images[own->n++] = image;
    return FA_OK;
}

/* ---- of all ---- */

static int by_record(const void *a, const void *b)
{
    const uint64_t x = ((const struct fa_image_loss *)a)->record,
                   y = ((const struct fa_image_loss *)b)->record;

    return (x > y) - (x < y);
}

/* What a batch of these images has: losses are linear in what they are divided by (fa_loss_compute). */
static struct fa_loss add_up(struct fa_image_loss *images, size_t n)
{
    struct fa_loss sum = {0};
    double normalizer = 0;

    qsort(images, n, sizeof *images, by_record);
    for (size_t i = 0; i < n; i++) {
        normalizer += images[i].share;
        for (int k = 0; k < FA_LOSS_PARTS; k++)
            sum.part[k] += images[i].loss.part[k];
    }
    for (int k = 0; k < FA_LOSS_PARTS; k++)
        sum.part[k] /= normalizer > 1 ? normalizer : 1;
    return sum;
}

fa_status fa_validation_loss_mean(struct fa_comm *comm, const struct fa_validation_loss *own,
                                  struct fa_loss *mean)
{
    struct fa_image_loss *all;
    size_t n_bytes;

    *mean = (struct fa_loss){0};
    FA_TRY(fa_comm_gather(comm, own->images, own->n * sizeof *own->images, 0, (void **)&all, &n_bytes));
    if (all != NULL)
        *mean = add_up(all, n_bytes / sizeof *all);
    fa_free(all);
    fa_comm_broadcast(comm, mean, sizeof *mean, 0);
    return FA_OK;
}

void fa_validation_loss_clear(struct fa_validation_loss *loss)
{
    fa_free(loss->images);
    fa_free(loss->grad_cls);
    fa_free(loss->grad_reg);
    *loss = (struct fa_validation_loss){0};
}
