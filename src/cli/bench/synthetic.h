/*
 * synthetic.h - what is measured on where no data are given: pure functions, the same in every run.
 */
#ifndef FA_BENCH_SYNTHETIC_H
#define FA_BENCH_SYNTHETIC_H

#include "fa/image.h"
#include "fa/model.h"

/* n boxes of all sizes from 16 pixels up, within h x w, and labels. */
void fa_synthetic_objects(int h, int w, int num_classes, size_t n, float *boxes, int32_t *labels);

/* Outputs as of a trained head for an image of h x w: few logits, 0.3 % of them, above the usual score
   threshold of 0.05, and deltas that move the anchors a little. Closed after a failure too. */
struct fa_synthetic_head {
    struct fa_head head;
    fa_real *reg; /* head.reg */
};
fa_status fa_synthetic_head_open(int h, int w, int num_classes,
                                 struct fa_synthetic_head *out) FA_CHECK_RESULT;
void fa_synthetic_head_close(struct fa_synthetic_head *head);

/* A textured picture; as a JPEG it is as long as a photograph of its size. */
fa_status fa_synthetic_picture(int w, int h, struct fa_picture *out) FA_CHECK_RESULT;

#endif
