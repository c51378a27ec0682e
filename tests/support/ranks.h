/*
 * ranks.h - the main program of a test that runs on several MPI ranks (fa_mpi_test). Included once, by the
 * test.
 */
#ifndef FA_TESTS_RANKS_H
#define FA_TESTS_RANKS_H

#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "fa/comm.h"
#include "fa/memory.h"

static struct fa_comm *comm; /* of all ranks, while tests run */

/* MPI unloads its plug-ins before leaks are looked for, so a suppression cannot name what they keep. Our own
   leaks show in the balance below. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "detect_leaks=0";
}

/* Runs an array of tests on every rank and gives the exit code of the program. */
#define run_on_ranks(tests) finish_ranks(start_ranks() ? cmocka_run_group_tests(tests, NULL, NULL) : 1)

static bool start_ranks(void)
{
    setenv("CMOCKA_TEST_ABORT", "1",
           1); /* a rank that fails takes the others with it, rather than hang them */
    if (fa_comm_init(&comm) == FA_OK) {
        fa_comm_met();
        return true;
    }
    fprintf(stderr, "%s\n", fa_message());
    return false;
}

static int finish_ranks(int failed)
{
    fa_comm_finalize(comm);
    if (fa_memory_balance() == 0)
        return failed;
    fprintf(stderr, "%ld blocks were not freed\n", fa_memory_balance());
    return 1;
}

#endif
