/*
 * support.h - what every test may use: comparisons in which NaN fails, scratch folders, skipping.
 */
#ifndef FA_TESTS_SUPPORT_H
#define FA_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fa/memory.h"
#include "fa/status.h"

/* Fails, showing the message, unless the expression is FA_OK. */
#define assert_ok(expression) fa_test_status((expression), FA_OK, #expression, __FILE__, __LINE__)

/* Fails unless the expression gives this failure; with text, also unless the message contains it. */
#define assert_fails(expression, status)                                                                     \
    fa_test_status((expression), (status), #expression, __FILE__, __LINE__)
#define assert_fails_saying(expression, status, text)                                                        \
    do {                                                                                                     \
        assert_fails(expression, status);                                                                    \
        fa_test_message(text, __FILE__, __LINE__);                                                           \
    } while (0)

/* |got - want| <= tolerance; prints both. NaN fails. */
#define assert_near(got, want, tolerance) fa_test_near((got), (want), (tolerance), #got, __FILE__, __LINE__)

void fa_test_status(fa_status got, fa_status want, const char *expression, const char *file, int line);
void fa_test_message(const char *text, const char *file, int line);
void fa_test_near(double got, double want, double tolerance, const char *expression, const char *file,
                  int line);

/* Evaluates the expression with its first allocation refused, then with its second, and so on until it is
   FA_OK. Until then it must be FA_ENOMEM and leave as many blocks in use as there were. */
#define assert_survives_shortage(expression)                                                                 \
    do {                                                                                                     \
        const long fa_test_blocks_ = fa_memory_balance();                                                    \
        fa_status fa_test_status_ = FA_ENOMEM;                                                               \
        for (long fa_test_nth_ = 1; fa_test_status_ != FA_OK; fa_test_nth_++) {                              \
            fa_memory_fail_after(fa_test_nth_);                                                              \
            fa_test_status_ = (expression);                                                                  \
            fa_memory_fail_after(0);                                                                         \
            fa_test_shortage(fa_test_status_, fa_test_nth_, fa_test_blocks_, #expression, __FILE__,          \
                             __LINE__);                                                                      \
        }                                                                                                    \
    } while (0)

void fa_test_shortage(fa_status got, long nth, long blocks_before, const char *expression, const char *file,
                      int line);

/* For the end of a group of tests: fails if something is still allocated. */
int fa_test_memory_balances(void **state);

/* The largest |got - want| over n values divided by the largest |want| (by 1 if all are 0); infinity if any
   got is not finite. The index of the worst goes to *worst (may be NULL). */
double fa_test_worst_float(const float *got, const float *want, size_t n, size_t *worst);
double fa_test_worst_double(const double *got, const double *want, size_t n, size_t *worst);

/* A fresh empty directory, removed with its content when the process ends normally. Static storage. */
const char *fa_test_directory(void);

/* "<directory>/<name>". Static storage, here and below: sixteen results are valid at a time. */
const char *fa_test_path(const char *directory, const char *name);

/* The path of such a file in a folder that is not there. */
const char *fa_test_nowhere(const char *name);

/* "<FA_SOURCE_DIR>/<relative>"; and "<shared>/<relative>", NULL if the shared data are absent: FA_SHARED_DIR,
   or the folder "shared" beside the source folder. */
const char *fa_test_source(const char *relative);
const char *fa_test_shared(const char *relative);

/* Runs it in a child process, which then ends with 0. Returns how the child ended, as waitpid says; said:
   what it wrote to standard error. */
int fa_test_child(void (*action)(void *context), void *context, char *said, size_t size);

/* Ends the process as skipped (exit code 77), saying why; a failure instead if the variable FA_EXPECT_<what>
 * is 1. */
void fa_test_skip(const char *what, const char *why) __attribute__((noreturn));

#endif
