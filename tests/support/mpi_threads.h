/*
 * mpi_threads.h - which threads call MPI.
 *
 * In a program that links mpi_threads.c the calls of our sources to MPI go through functions of the same
 * names there, which note the caller's thread and call MPI by its other names (PMPI_...). All that src/comm
 * calls is there (tests/e2e/fast_layering.sh).
 */
#ifndef FA_TESTS_MPI_THREADS_H
#define FA_TESTS_MPI_THREADS_H

/* The level of threads that MPI was asked for; -1: it was not started by MPI_Init_thread. */
int fa_mpi_level_asked_for(void);

/* Calls since MPI was started, by whatever thread. */
long fa_mpi_calls(void);

/* The last call since then by another thread than the one that started MPI; NULL: there was none. */
const char *fa_mpi_stray_call(void);
void fa_mpi_forget_stray_calls(void);

#endif
