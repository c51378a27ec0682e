/*
 * compare_loss.h - a loss of either kind and its gradients by the host and by the device, and how near they
 * are.
 */
#ifndef FA_TESTS_CUDA_COMPARE_LOSS_H
#define FA_TESTS_CUDA_COMPARE_LOSS_H

#include "device_head.h"
#include "fa/loss.h"

struct loss_result {
    struct fa_loss loss;
    double share;
    float *cls, *reg; /* gradients */
};
void loss_result_free(struct loss_result *result);

/* What a captured graph would be given again and again. */
struct device_loss {
    const struct fa_loss_config *config;
    struct fa_cuda_head head;
    struct fa_cuda_objects objects;
    double *normalizer;
    struct fa_loss *loss;
    void *scratch, *assign_scratch; /* the latter and what follows: focal alone */
    int32_t *assigned, *positives;
};
struct device_loss device_loss_new(const struct fa_loss_config *config, enum fa_cuda_type type,
                                   struct test_scene *scene, const struct fa_objects *objects, int most,
                                   double normalizer);
void device_loss_free(struct device_loss *device);

/* The gradients take the place of the head. */
int device_loss_launch(struct device_loss *device);
struct loss_result device_loss_run(struct device_loss *device);

/* Both at once. */
struct loss_result device_loss_of(const struct fa_loss_config *config, enum fa_cuda_type type,
                                  struct test_scene *scene, const struct fa_objects *objects,
                                  double normalizer);

struct loss_result host_loss_of(const struct fa_loss_config *config, struct test_scene *scene,
                                const struct fa_objects *objects, double normalizer);

/* Runs both and fails unless they agree: sums within 1e-6 of the host's. A logit's gradient is the sum of a
   negative and a positive part, which may cancel; apart each is within 2e-6 of the host's, and in bfloat16
   the negative one is rounded, and the sum. */
void device_loss_compare(const struct fa_loss_config *config, enum fa_cuda_type type,
                         struct test_scene *scene, const struct fa_objects *objects, double normalizer);

/* AddressSanitizer makes launches slow: of golden cases one of so many. */
#ifdef __SANITIZE_ADDRESS__
enum { ONE_GOLDEN_OF = 4 };
#else
enum { ONE_GOLDEN_OF = 1 };
#endif

#endif
