#include "support.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void fa_test_status(fa_status got, fa_status want, const char *expression, const char *file, int line)
{
    if (got == want)
        return;
    print_error("%s: %s, expected %s%s%s\n", expression, fa_status_name(got), fa_status_name(want),
                got == FA_OK ? "" : ": ", got == FA_OK ? "" : fa_message());
    _fail(file, line);
}

void fa_test_message(const char *text, const char *file, int line)
{
    if (strstr(fa_message(), text) != NULL)
        return;
    print_error("the message does not contain \"%s\": %s\n", text, fa_message());
    _fail(file, line);
}

void fa_test_near(double got, double want, double tolerance, const char *expression, const char *file,
                  int line)
{
    if (fabs(got - want) <= tolerance)
        return;
    print_error("%s: got %.17g, want %.17g, off by %.3g, allowed %.3g\n", expression, got, want,
                fabs(got - want), tolerance);
    _fail(file, line);
}

void fa_test_shortage(fa_status got, long nth, long blocks_before, const char *expression, const char *file,
                      int line)
{
    const long many = 100000;
    const char *why = NULL;

    if (got == FA_OK && nth == 1)
        why = "allocates nothing";
    else if (nth >= many)
        why = "fails without end";
    else if (got != FA_OK && got != FA_ENOMEM)
        why = "fails in another way";
    else if (got != FA_OK && fa_memory_balance() != blocks_before)
        why = "leaks";
    if (why == NULL)
        return;
    print_error("%s: %s without its allocation %ld: %s\n", expression, why, nth, fa_message());
    _fail(file, line);
}

int fa_test_memory_balances(void **state)
{
    (void)state;
    if (fa_memory_balance() != 0)
        print_error("%ld blocks were not freed\n", fa_memory_balance());
    return fa_memory_balance() == 0 ? 0 : -1;
}

double fa_test_worst_double(const double *got, const double *want, size_t n, size_t *worst)
{
    double largest = 0, range = 0;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(got[i]) || !isfinite(want[i])) {
            if (worst != NULL)
                *worst = i;
            return INFINITY;
        }
        if (fabs(want[i]) > range)
            range = fabs(want[i]);
        if (fabs(got[i] - want[i]) > largest) {
            largest = fabs(got[i] - want[i]);
            if (worst != NULL)
                *worst = i;
        }
    }
    return largest / (range > 0 ? range : 1);
}

double fa_test_worst_float(const float *got, const float *want, size_t n, size_t *worst)
{
    double result;
    double *wide = malloc((2 * n + 1) * sizeof *wide);

    assert_non_null(wide);
    for (size_t i = 0; i < n; i++) {
        wide[i] = got[i];
        wide[n + i] = want[i];
    }
    result = fa_test_worst_double(wide, wide + n, n, worst);
    free(wide);
    return result;
}

static char scratch[64];
static pid_t scratch_owner;

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

static void remove_directory(void)
{
    if (getpid() == scratch_owner)
        nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fa_test_directory(void)
{
    if (scratch[0] == '\0')
        atexit(remove_directory);
    else
        remove_directory();
    scratch_owner = getpid();
    strcpy(scratch, "/tmp/freeanchor-test-XXXXXX");
    if (mkdtemp(scratch) == NULL) {
        perror("mkdtemp");
        exit(1);
    }
    return scratch;
}

const char *fa_test_path(const char *directory, const char *name)
{
    static char paths[16][1024];
    static unsigned next;
    char *path = paths[next++ % 16];

    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

const char *fa_test_nowhere(const char *name)
{
    char below[256];

    snprintf(below, sizeof below, "nowhere/%s", name);
    return fa_test_path(scratch[0] != '\0' ? scratch : fa_test_directory(), below);
}

const char *fa_test_source(const char *relative)
{
    const char *root = getenv("FA_SOURCE_DIR");

    return fa_test_path(root != NULL ? root : ".", relative);
}

const char *fa_test_shared(const char *relative)
{
    const char *root = getenv("FA_SHARED_DIR");
    const char *path = fa_test_path(root != NULL ? root : fa_test_source("../shared"), relative);

    return access(path, R_OK) == 0 ? path : NULL;
}

void fa_test_skip(const char *what, const char *why)
{
    char variable[64];
    const char *expected;

    snprintf(variable, sizeof variable, "FA_EXPECT_%s", what);
    expected = getenv(variable);
    fprintf(stderr, "skipped: %s\n", why);
    exit(expected != NULL && strcmp(expected, "1") == 0 ? 1 : 77);
}

int fa_test_child(void (*action)(void *context), void *context, char *said, size_t size)
{
    int ends[2], status;
    ssize_t n, length = 0;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        action(context);
        _exit(0);
    }
    close(ends[1]);
    while ((n = read(ends[0], said + length, size - 1 - (size_t)length)) > 0)
        length += n;
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}
