/*
 * loader.h - samples ready for the network, prepared ahead by threads, delivered in order.
 *
 * A sample is a pure function of (dataset, configuration, seed, epoch, position), whoever prepares it.
 * Threads read, decode and augment; one thread takes. Pixels stay 8-bit: they are flipped, normalised and
 * padded where the network computes (frame.h). A damaged image is replaced by the next record of the epoch's
 * order, counted and logged when its turn comes; the one after `bad_budget` of them makes next() fail, at the
 * same sample in every run. An evaluation replaces nothing: a damaged image fails.
 */
#ifndef FA_LOADER_H
#define FA_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/augment.h"
#include "fa/declarations.h"
#include "fa/objects.h"
#include "fa/sampler.h"
#include "fa/shard.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_sample {
    size_t record;
    int64_t image_id, epoch;
    size_t position;
    struct fa_frame frame;
    int h, w; /* of the frame padded, multiples of FA_SIZE_DIVISOR (pyramid.h) */
    int original_h, original_w;
    float scale_factor[4];
    struct fa_image_plan plan;
    struct fa_objects objects; /* non-crowd ground truth in pixels of the padded image, moved and mirrored
                                  with it; what is out of sight is left out, but never all that there is */
};

struct fa_loader;

/* Where pixels lie; zeroed: in memory from fa_alloc. Its functions are called from any thread. */
struct fa_pixel_memory {
    fa_status (*alloc)(void *context, size_t n_bytes, void **out);
    void (*free)(void *context, void *pixels);
    void *context;
};

/* Which positions this loader delivers: for every step from first_step on, [step * batch + begin, step *
   batch + end) of the endless sequence of epochs. A rank's slice of the batch in training. */
struct fa_loader_config {
    struct fa_transform transform;
    uint64_t seed;
    size_t batch, begin, end;
    int64_t first_step; /* counted from the start of training: epoch = step / steps per epoch */
    int n_threads;      /* >= 1 */
    size_t n_ahead;     /* samples prepared ahead of the one taken, >= 1 */
    size_t bad_budget;
    struct fa_pixel_memory pixels; /* outlives the loader */
};

/* begin == end is a rank without images, for which next gives NULL. The sampler must be of the same batch.
   dataset and sampler must outlive the loader. */
fa_status fa_loader_open(const struct fa_loader_config *config, const struct fa_dataset *dataset,
                         struct fa_sampler *sampler, struct fa_loader **out) FA_CHECK_RESULT;

/* Evaluation: the records given, in that order, in all views of each (fa_transform_views), without
   augmentation or filtering; sample->position counts views too. After the last one next gives NULL. records
   is copied. */
fa_status fa_loader_open_list(const struct fa_transform *transform, const struct fa_dataset *dataset,
                              const size_t *records, size_t n, int n_threads, size_t n_ahead,
                              struct fa_loader **out) FA_CHECK_RESULT;

/* Joins the threads; samples taken become invalid. NULL is fine. */
void fa_loader_close(struct fa_loader *loader);

/* The next sample, waiting for it if need be; it is the caller's until given back, and several may be out at
   a time. A failure stays: the loader delivers nothing after it. */
fa_status fa_loader_next(struct fa_loader *loader, const struct fa_sample **sample) FA_CHECK_RESULT;
void fa_loader_give_back(struct fa_loader *loader, const struct fa_sample *sample);

struct fa_loader_statistics {
    double wait_s; /* that next() waited, in total */
    double work_s; /* of all threads, in total */
    size_t n_delivered, n_bad;
    size_t n_queued; /* ready now */
};
void fa_loader_statistics(struct fa_loader *loader, struct fa_loader_statistics *out);

/* The padded size of a record's sample, without reading it. */
void fa_sample_size(const struct fa_record *record, const struct fa_transform *transform, int *h, int *w);

/* As fa_image_plan_draw for the record; but a plan that would leave none of the record's objects in sight
   moves nothing, and only flips and changes colours. */
fa_status fa_sample_plan_draw(const struct fa_dataset *dataset, size_t record,
                              const struct fa_transform *transform, uint64_t seed, int64_t epoch,
                              size_t position, struct fa_image_plan *plan) FA_CHECK_RESULT;

/* One sample from a picture, by a plan for its size; it has no objects. */
fa_status fa_sample_from_picture(const struct fa_picture *picture, const struct fa_transform *transform,
                                 const struct fa_image_plan *plan, struct fa_sample *out) FA_CHECK_RESULT;

/* One sample from a record, by a plan for its size: the bits that a loader delivers. FA_EFORMAT or FA_EIO if
   the record is damaged. */
fa_status fa_sample_from_record(const struct fa_dataset *dataset, size_t record,
                                const struct fa_transform *transform, const struct fa_image_plan *plan,
                                struct fa_sample *out) FA_CHECK_RESULT;

/* Frees what the two functions above gave; leaves it empty. */
void fa_sample_clear(struct fa_sample *sample);

FA_END_DECLARATIONS

#endif
