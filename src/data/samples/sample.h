/*
 * sample.h - one record made ready for the network, in buffers that are kept from sample to sample.
 */
#ifndef FA_DATA_SAMPLE_H
#define FA_DATA_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/loader.h"
#include "fa/status.h"

/* A sample and the memory behind it; zeroed is empty. The buffers only grow. */
struct fa_sample_buffer {
    struct fa_sample sample;       /* first, so that a sample handed out leads back to its buffer */
    struct fa_pixel_memory memory; /* of rgb */
    uint8_t *rgb, *jpeg;
    float *boxes;
    int32_t *labels;
    size_t n_rgb, n_jpeg, n_objects; /* how much fits */
};

void fa_sample_buffer_free(struct fa_sample_buffer *buffer);

/* Sets record, image_id, plan, pixels, sizes and objects; epoch and position are left alone. The plan is for
   the record's size. A pure function of its arguments. FA_EFORMAT or FA_EIO if the record is damaged. */
fa_status fa_sample_prepare(const struct fa_dataset *dataset, size_t record,
                            const struct fa_transform *transform, const struct fa_image_plan *plan,
                            struct fa_sample_buffer *buffer) FA_CHECK_RESULT;

/* What resizing multiplies x, y, x, y by. */
void fa_image_plan_factor(const struct fa_image_plan *plan, float factor[4]);

/* Of x, y, w, h. */
void fa_bbox_corners(const double bbox[4], float corners[4]);

/* A box of the image, uncut, on the canvas; and whether its centre is there. */
void fa_box_on_canvas(const float corners[4], const struct fa_image_plan *plan, float box[4]);
bool fa_centre_on_canvas(const float box[4], const struct fa_image_plan *plan);

#endif
