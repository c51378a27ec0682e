/*
 * flat.h - a long row of numbers in a backend's memory, and the loops of a training step over it: parameters,
 * their gradients, momentum and moving average are such rows (doc/design.md).
 *
 * Every loop has one result whatever the number of threads, and the same on every host: sums have an order
 * that their length alone decides, and no multiplication is fused with an addition. Lengths and positions are
 * in elements. Functions ask the queue that the row was created with (backend.h); those that return a status
 * wait for what they hand out.
 */
#ifndef FA_FLAT_H
#define FA_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/backend.h"
#include "fa/declarations.h"
#include "fa/real.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

enum { FA_FLAT_MOST_LEFT = 64 };

struct fa_flat;

/* n zeros. */
fa_status fa_flat_create(struct fa_backend *backend, size_t n, struct fa_flat **out) FA_CHECK_RESULT;
void fa_flat_destroy(struct fa_flat *flat); /* NULL is fine; not while it is open */
size_t fa_flat_length(const struct fa_flat *flat);
struct fa_backend *fa_flat_backend(const struct fa_flat *flat);

/* Its elements in the backend's memory, for the backend's own functions. */
fa_real *fa_flat_memory(const struct fa_flat *flat);

/* ---- for people's side of the program: files, initialisation, tests ---- */

enum fa_flat_access { FA_FLAT_READ, FA_FLAT_WRITE /* and read */ };

/* All elements in the host's memory: the row's own where that is the host's, else a copy. Until it is closed,
   no other function but itself; it may be opened once more for reading. */
fa_status fa_flat_open(struct fa_flat *flat, enum fa_flat_access access, fa_real **elements) FA_CHECK_RESULT;

/* After FA_FLAT_WRITE the row is what the elements now are. */
fa_status fa_flat_close(struct fa_flat *flat) FA_CHECK_RESULT;

/* Closes it, and returns status if that is a failure, else what close says. */
fa_status fa_flat_finish(struct fa_flat *flat, fa_status status) FA_CHECK_RESULT;

/* Elements [begin, begin + n) to the host's memory. */
fa_status fa_flat_read(const struct fa_flat *flat, size_t begin, size_t n, fa_real *host) FA_CHECK_RESULT;

/* And from it. */
fa_status fa_flat_write(struct fa_flat *flat, size_t begin, size_t n, const fa_real *host) FA_CHECK_RESULT;

/* ---- loops ---- */

void fa_flat_clear(struct fa_flat *flat);

/* The first n elements of `from`. */
void fa_flat_copy(struct fa_flat *to, const struct fa_flat *from, size_t n);
void fa_flat_swap(struct fa_flat *a, struct fa_flat *b, size_t n);

/* Elements [begin, end), in one pass over memory: sum = left[0] + sum, then left[1] + sum and so on; then,
   unless store is NULL, they are moved to it and are zero. */
void fa_flat_fold(struct fa_flat *sum, struct fa_flat *const left[], size_t n_left, struct fa_flat *store,
                  size_t begin, size_t end);

/* sqrt of the sum of squares of elements [begin, end), in double; and of n elements in the host's memory. */
double fa_host_norm(const fa_real *elements, size_t n);
fa_status fa_flat_norm(const struct fa_flat *flat, size_t begin, size_t end, double *norm) FA_CHECK_RESULT;

/* CRC32C over the CRC32Cs of pieces of 2^18 elements, which can be made side by side. */
fa_status fa_flat_checksum(const struct fa_flat *flat, size_t n, uint32_t *checksum) FA_CHECK_RESULT;

struct fa_flat_sgd {
    double scale, lr, momentum, weight_decay;
};

/* Elements [begin, end) of the three: g = scale * grad + weight_decay * value; momentum = sgd->momentum *
   momentum
   + g; value -= lr * momentum. The factors are rounded to fa_real first. */
void fa_flat_sgd(struct fa_flat *value, struct fa_flat *momentum, const struct fa_flat *grad, size_t begin,
                 size_t end, const struct fa_flat_sgd *sgd);

/* average = decay * average + (1 - decay) * value, of the first n. */
void fa_flat_average(struct fa_flat *average, const struct fa_flat *value, size_t n, double decay);

/* n elements from `at` on become those of another row from `begin` on. */
void fa_flat_bring(struct fa_flat *to, size_t at, const struct fa_flat *from, size_t begin, size_t n);

/* n elements from `at` on become those of another row from `begin` on + themselves; at and begin leave the
   same remainder by 4. */
void fa_flat_add(struct fa_flat *right, size_t at, const struct fa_flat *left, size_t begin, size_t n);

/* ---- rows of other processes of this host ---- */

/* Lets them reach the row, which outlives their loans. FA_EINVAL if its memory is for one process alone. */
fa_status fa_flat_lend(const struct fa_flat *flat, struct fa_memory_key *key) FA_CHECK_RESULT;

/* Another process's row of n elements, for nothing but to bring them from; destroyed as any. Fails where this
   process's device cannot reach that memory. */
fa_status fa_flat_borrow(struct fa_backend *backend, size_t n, const struct fa_memory_key *key,
                         struct fa_flat **out) FA_CHECK_RESULT;

/* ---- windows: stretches on their way to other ranks and back ---- */

/* Holds a stretch in the host's memory while messages read and write it: the row's own elements where its
   memory is the host's, else a copy in page-locked memory. */
struct fa_flat_window;

/* For stretches of at most n elements. */
fa_status fa_flat_window_create(struct fa_backend *backend, size_t n,
                                struct fa_flat_window **out) FA_CHECK_RESULT;
void fa_flat_window_destroy(struct fa_flat_window *window);

/* Onto elements [begin, end), as all that was asked of them so far will leave them. */
void fa_flat_window_open(struct fa_flat_window *window, struct fa_flat *flat, size_t begin, size_t end);

/* Are they there? */
fa_status fa_flat_window_ready(struct fa_flat_window *window, bool *ready) FA_CHECK_RESULT;

/* Element `begin` of the row and those that follow it. */
fa_real *fa_flat_window_elements(const struct fa_flat_window *window);

/* The row's stretch is what the window's elements now are; they stay until the window is opened again. */
void fa_flat_window_write(struct fa_flat_window *window);

FA_END_DECLARATIONS

#endif
