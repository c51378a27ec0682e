/* What hosts may not have in common: a directory, the time, each other's memory. The system calls that tell
   are ours here, and say what a test wants. */
#include "ranks.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/file.h"
#include "fa/launcher.h"

static long seconds_ahead; /* of this rank's clock */
static bool copy_refused;

int clock_gettime(clockid_t clock, struct timespec *time)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, time);

    if (clock == CLOCK_REALTIME)
        time->tv_sec += seconds_ahead;
    return result;
}

ssize_t process_vm_readv(pid_t process, const struct iovec *to, unsigned long n_to, const struct iovec *from,
                         unsigned long n_from, unsigned long flags)
{
    if (copy_refused) {
        errno = EPERM;
        return -1;
    }
    return syscall(SYS_process_vm_readv, process, to, n_to, from, n_from, flags);
}

static bool is_last(void)
{
    return fa_comm_rank(comm) > 0 && fa_comm_rank(comm) == fa_comm_size(comm) - 1;
}

/* A fresh directory of rank 0, of which all know the name. */
static const char *common_directory(void)
{
    static char directory[512];

    if (fa_comm_rank(comm) == 0)
        snprintf(directory, sizeof directory, "%s", fa_test_directory());
    fa_comm_broadcast(comm, directory, sizeof directory, 0);
    return directory;
}

static void a_shared_directory_is_recognised_and_left_empty(void **state)
{
    const char *directory = common_directory();
    char **names;
    size_t n;

    (void)state;
    assert_ok(fa_comm_share_directory(comm, directory));
    fa_comm_barrier(comm);
    assert_ok(fa_directory_list(directory, &n, &names));
    assert_int_equal(n, 0);
    fa_free(names);
    fa_comm_barrier(comm);
}

static void a_rank_that_sees_another_directory_under_the_name_is_named(void **state)
{
    const char *common = common_directory();
    const char *seen = is_last() ? fa_test_directory() : common;
    char named[32];

    (void)state;
    fa_comm_share_patience_s = 0.2;
    snprintf(named, sizeof named, "rank %d (", fa_comm_size(comm) - 1);
    if (fa_comm_size(comm) == 1)
        assert_ok(fa_comm_share_directory(comm, seen));
    else
        assert_fails_saying(fa_comm_share_directory(comm, seen), FA_EINVAL, named);
    fa_comm_barrier(comm);
}

static void a_directory_in_which_rank_0_cannot_write_is_refused(void **state)
{
    (void)state;
    if (fa_comm_size(comm) == 1)
        assert_fails(fa_comm_share_directory(comm, "/proc"), FA_EIO);
    else
        assert_fails_saying(fa_comm_share_directory(comm, "/proc"),
                            fa_comm_rank(comm) == 0 ? FA_EIO : FA_EREMOTE, "rank 0 (");
}

static void a_clock_that_is_ahead_shows_with_its_sign(void **state)
{
    double offset;

    (void)state;
    seconds_ahead = 1000 * fa_comm_rank(comm) - 500;
    fa_comm_clock_offset(comm, &offset);
    seconds_ahead = 0;
    assert_near(offset, 1000 * fa_comm_rank(comm), 2);
}

static void one_rank_that_may_not_copy_is_known_to_its_host(void **state)
{
    (void)state;
    assert_int_equal(fa_comm_try_single_copy(MPI_COMM_SELF), FA_SINGLE_COPY_UNUSED);
    if (fa_mpi_words.single_copy == NULL) /* this MPI has no such thing */
        skip();
    setenv(fa_mpi_words.single_copy, "cma", 1);
    copy_refused = is_last();
    if (fa_comm_size(comm) > 1)
        assert_int_equal(fa_comm_try_single_copy(comm->mpi), FA_SINGLE_COPY_REFUSED);
    copy_refused = true;
    setenv(fa_mpi_words.single_copy, fa_mpi_words.off, 1);
    assert_int_equal(fa_comm_try_single_copy(comm->mpi), FA_SINGLE_COPY_UNUSED);
    copy_refused = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_directory_is_recognised_and_left_empty),
        cmocka_unit_test(a_rank_that_sees_another_directory_under_the_name_is_named),
        cmocka_unit_test(a_directory_in_which_rank_0_cannot_write_is_refused),
        cmocka_unit_test(a_clock_that_is_ahead_shows_with_its_sign),
        cmocka_unit_test(one_rank_that_may_not_copy_is_known_to_its_host),
    };

    return run_on_ranks(tests);
}
