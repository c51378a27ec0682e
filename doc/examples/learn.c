/*
 * learn.c - a network that has nothing of freeanchor but its loss (network.h) learns to find bright and dark
 * boxes in noise.
 *
 *     cc -O2 -std=c11 learn.c $(pkg-config --cflags --libs freeanchor) -lm && ./a.out
 */
#include <fa/loss.h>
#include <stdio.h>

#include "network.h"

static float anchors[ANCHORS][4], box[4]; /* one object an image */
static int32_t label;

static void draw(void)
{
    const int w = (int)uniform(10, 40), h = (int)uniform(10, 40), x = rand() % (SIDE - w),
              y = rand() % (SIDE - h);

    label = rand() % CLASSES;
    for (int i = 0; i < SIDE * SIDE; i++)
        image[i] = uniform(-0.3f, 0.3f);
    for (int i = 0; i < w * h; i++)
        image[(y + i / w) * SIDE + x + i % w] += label == 0 ? 1 : -1;
    memcpy(box, (float[4]){(float)x, (float)y, (float)(x + w), (float)(y + h)}, sizeof box);
}

static void place_anchors(void)
{
    for (int level = 0, j = 0; level < LEVELS; level++)
        for (int p = 0, side = 8 >> level, stride = 8 << level; p < side * side; p++, j++)
            for (int k = 0; k < 4; k++)
                anchors[j][k] =
                    ((float)(k % 2 == 0 ? p % side : p / side) + (k < 2 ? -0.5f : 1.5f)) * (float)stride;
}

/* Of images that were not seen: where the surest of all logits is the object's, on an anchor that predicts
 * its box. */
static int count_found(const struct fa_box_coder *coder, int images)
{
    int n = 0;

    for (int i = 0; i < images; i++) {
        const float *logits = cls[0];
        float predicted[4];
        int best = 0;

        draw();
        network_forward();
        for (int k = 1; k < ANCHORS * CLASSES; k++)
            best = logits[k] > logits[best] ? k : best;
        fa_box_decode(coder, anchors[best / CLASSES], reg[best / CLASSES], predicted);
        n += best % CLASSES == label && fa_box_iou(predicted, box) > 0.5f;
    }
    return n;
}

/* Batches of one image, so the normalizer is its share: of FreeAnchor the number of its objects, 1. */
static fa_status learn(const struct fa_loss_config *config, struct fa_loss_workspace *workspace, int steps)
{
    const struct fa_head_view head = {
        .n_anchors = ANCHORS, .num_classes = CLASSES, .anchors = anchors[0], .cls = cls[0], .reg = reg[0]};
    const struct fa_objects objects = {1, box, &label};
    struct fa_loss loss;

    for (int step = 0; step < steps; step++) {
        draw();
        network_forward();
        FA_TRY(fa_loss_compute(config, &head, &objects, 1, workspace, &loss, by_cls[0], by_reg[0]));
        network_learn(0.001f);
    }
    return FA_OK;
}

int main(void)
{
    struct fa_loss_config config = fa_loss_default;
    struct fa_loss_workspace *workspace = NULL;
    int before, after;

    config.freeanchor.bag_size = 8; /* of 84 anchors */
    network_begin();
    place_anchors();
    before = count_found(&config.coder, 100);
    if (fa_loss_workspace_create(1, &workspace) != FA_OK || learn(&config, workspace, 800) != FA_OK) {
        fprintf(stderr, "%s\n", fa_message());
        return 1;
    }
    fa_loss_workspace_destroy(workspace);
    after = count_found(&config.coder, 100);
    printf("of 100 boxes, found before learning: %d, after: %d\n", before, after);
    return after < 30 || after < 2 * before;
}
