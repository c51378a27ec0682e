/*
 * golden_loss.h - golden cases of a loss: golden/freeanchor.bin, golden/focal.bin, golden/atss.bin.
 */
#ifndef FA_TESTS_DETECT_GOLDEN_LOSS_H
#define FA_TESTS_DETECT_GOLDEN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/loss.h"
#include "scene.h"

/* One record; see golden/make_freeanchor.py. */
struct test_golden {
    int32_t k; /* of atss.bin */
    int32_t h, w, classes, objects, seed;
    float logit_scale, logit_offset, delta_scale;
    double gamma, normalizer;
    float *boxes;
    int32_t *labels;
    double want[4]; /* four sums, which the file's script names */
    float *grad_cls, *grad_reg;
};

/* Calls check on every case of a file of golden/, with a scene filled for it; returns how many there are. */
int test_golden_each(const char *name, bool has_k,
                     void (*check)(const struct test_golden *, struct test_scene *,
                                   const struct fa_objects *));

/* Within 1e-6. */
void test_golden_sum(const struct test_golden *golden, const char *what, double got, double want);

/* The scene's gradients within 1e-6 of the largest: one rounding to float of a sum in double, and a different
   exp. Saturated logits have gradients of 1e-30 and less, which count as 0. */
void test_golden_gradients(const struct test_golden *golden, const struct test_scene *scene);

#endif
