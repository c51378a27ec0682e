/*
 * algorithms.h - which algorithm computes which convolution, where that was measured: a table of a backend.
 *
 * A convolution that is created while the backend goes by its static rule (FA_CONV_AUTO) takes the algorithm
 * that the table lists for it, and the rule's where it lists none. The table is empty when the backend opens.
 * The bits of a result depend on the algorithms, so whoever wants the same bits takes the same table: ranks
 * by exchanging rows, a later run by keeping them.
 */
#ifndef FA_ALGORITHMS_H
#define FA_ALGORITHMS_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/backend.h"
#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* A name that only its backend reads: "direct", "winograd", "amx", "avx512_bf16", "eng41_k2=8_k27=1". */
enum { FA_ALGORITHM_NAME_MAX = 128 };

/* Plain data. A row is for every convolution of its shape, strides, residual, and kind of pass: trained (any
   gradient will be asked for) or not. */
struct fa_algorithm_choice {
    enum fa_conv_direction direction;
    struct fa_conv_desc conv;
    char algorithm[FA_ALGORITHM_NAME_MAX];
    double seconds, rule_seconds; /* of one run: this one and the static rule's; 0: not measured here */
};

struct fa_algorithms {
    size_t n, capacity;
    struct fa_algorithm_choice *row;
};

/* The backend's own table; valid as long as the backend. Convolutions that exist keep what they have. */
struct fa_algorithms *fa_backend_algorithms(struct fa_backend *backend);

/* Adds a row unless one for the same convolution and direction is there. */
fa_status fa_algorithms_add(struct fa_algorithms *algorithms,
                            const struct fa_algorithm_choice *choice) FA_CHECK_RESULT;

/* Makes room for exactly n rows, whose content is the caller's to fill in. */
fa_status fa_algorithms_resize(struct fa_algorithms *algorithms, size_t n) FA_CHECK_RESULT;
void fa_algorithms_clear(struct fa_algorithms *algorithms);

/* Could the backend compute the convolution's direction by this algorithm? */
bool fa_algorithms_know(const struct fa_backend *backend, const struct fa_conv_desc *conv,
                        enum fa_conv_direction direction, const char *algorithm);

bool fa_conv_is_trained(const struct fa_conv_desc *desc);

/* NULL if nothing is listed. Valid until the next row is added. */
const struct fa_algorithm_choice *fa_algorithms_find(const struct fa_algorithms *algorithms,
                                                     const struct fa_conv_desc *conv,
                                                     enum fa_conv_direction direction);

/* Runs a convolution by each algorithm that the backend has for it, in every direction that it will be asked
   for and that the table does not list, and adds the fastest. Takes memory for three activations meanwhile,
   and at most some 50 ms, or two runs, for each. Adds nothing where there is no choice. */
fa_status fa_algorithms_measure(struct fa_backend *backend, const struct fa_conv_desc *desc) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
