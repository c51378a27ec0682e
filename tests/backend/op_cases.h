/*
 * op_cases.h - the convolutions that every backend is tried with, and how one is run.
 */
#ifndef FA_TESTS_OP_CASES_H
#define FA_TESTS_OP_CASES_H

#include "activation.h"

struct op_case {
    const char *name;
    struct fa_conv_desc desc; /* both gradients are asked for */
    bool in_place;            /* the residual is the destination */
    bool accumulate;          /* backward data adds to what is there */
    bool mask;                /* src came out of a ReLU: backward data is masked by it */
};

extern const struct op_case op_cases[];
extern const size_t n_op_cases;

/* Everything that goes into a case, on the host: activations HWC, filters OIHW. */
struct op_data {
    size_t n_src, n_dst, n_filters, n_bias;
    fa_real *src, *filters, *scale, *bias, *residual;
    fa_real *diff_dst, *diff_src; /* diff_src: what is there before, if the case accumulates */
};

struct op_result {
    fa_real *dst, *diff_src, *diff_filters, *diff_bias;
};

struct op_data op_data_new(const struct op_case *op);
void op_data_free(struct op_data *data);
struct op_result op_result_new(const struct op_data *data);
void op_result_free(struct op_result *result);

/* A case bound to a backend. */
struct op_run {
    const struct op_case *op;
    struct fa_backend *backend;
    struct fa_weights *weights;
    struct fa_weights_sum *sum;
    struct fa_conv *conv;
    struct activation src, dst, residual, diff_dst, diff_src;
    size_t n_filters, n_bias;
    fa_real *filters, *diff_filters, *diff_bias; /* in the backend's memory */
};

struct op_run op_run_open(struct fa_backend *backend, const struct op_case *op);
void op_run_close(struct op_run *run);

/* Forward, with the weights of data loaded; dst gets the output. */
void op_run_forward(struct op_run *run, const struct op_data *data, fa_real *dst);

/* The weights of data are loaded. */
void op_run_load(struct op_run *run, const struct op_data *data);

/* What was added up for filters and bias. */
void op_run_read_sum(struct op_run *run, fa_real *diff_filters, fa_real *diff_bias);

/* Both gradients of a run that has gone forward with this data. */
void op_run_backward(struct op_run *run, const struct op_data *data, struct op_result *result);

/* Element (c, y, x) of the output by the definition of convolution, in double. */
double op_definition(const struct op_case *op, const struct op_data *data, int c, int y, int x);

#endif
