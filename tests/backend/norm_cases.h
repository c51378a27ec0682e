/*
 * norm_cases.h - the group norms that every backend is tried with, how one is run, and what it is by
 * definition.
 */
#ifndef FA_TESTS_NORM_CASES_H
#define FA_TESTS_NORM_CASES_H

#include "activation.h"

/* Whose memory the output takes; and the gradient of the input, in OVER_SRC that of the input, else that of
   the output. */
enum norm_place { APART, OVER_SRC, OVER_RESIDUAL };

struct norm_case {
    const char *name;
    struct fa_norm_desc desc;
    enum norm_place place;
};

extern const struct norm_case norm_cases[];
extern const size_t n_norm_cases;

/* On the host, HWC. diff_dst is given before the ReLU, or after it, as fa_norm_backward wants it. */
struct norm_data {
    size_t n;
    fa_real *src, *residual, *gamma, *beta, *diff_dst;
};

struct norm_result {
    fa_real *dst, *diff_src, *diff_gamma, *diff_beta;
};

struct norm_data norm_data_new(const struct norm_case *test);
void norm_data_free(struct norm_data *data);
struct norm_result norm_result_new(const struct norm_case *test);
void norm_result_free(struct norm_result *result);

/* Forward, the output repeated with the same bits, and backward. */
void norm_run(struct fa_backend *backend, const struct norm_case *test, const struct norm_data *data,
              struct norm_result *result);

/* What was added up for gamma and beta. */
void norm_read_sum(struct fa_backend *backend, const struct fa_affine_sum *sum, size_t channels,
                   fa_real *gamma, fa_real *beta);

/* By definition, in double; sums of dst * diff_dst differentiate to the gradients. */
void norm_definition(const struct norm_case *test, const struct norm_data *data, struct norm_result *result);

#endif
