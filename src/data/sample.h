/*
 * sample.h - one record made ready for the network, in buffers that are kept from sample to sample.
 */
#ifndef FA_DATA_SAMPLE_H
#define FA_DATA_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "fa/loader.h"
#include "fa/status.h"

/* A sample and the memory behind it; zeroed is empty. The buffers only grow. */
struct fa_sample_buffer {
    struct fa_sample sample; /* first, so that a sample handed out leads back to its buffer */
    float *chw, *boxes;
    int32_t *labels;
    uint8_t *jpeg;
    size_t n_chw, n_objects, n_jpeg; /* how much fits */
};

void fa_sample_buffer_free(struct fa_sample_buffer *buffer);

/* Sets record, image_id, pixels, sizes, flipped and objects; epoch and position are left alone. A pure
   function of its arguments. FA_EFORMAT or FA_EIO if the record is damaged. */
fa_status fa_sample_prepare(const struct fa_dataset *dataset, size_t record,
                            const struct fa_transform *transform, bool flip,
                            struct fa_sample_buffer *buffer) FA_CHECK_RESULT;

/* Whether the sample at this position of this epoch is mirrored. */
bool fa_sample_flip(const struct fa_transform *transform, uint64_t seed, int64_t epoch, size_t position);

#endif
