/*
 * folder.h - a folder for the files of a measurement, which goes when the process does, however that ends.
 */
#ifndef FA_BENCH_FOLDER_H
#define FA_BENCH_FOLDER_H

#include <sys/types.h>

#include "fa/status.h"

struct fa_bench_folder {
    char *path;
    int alive;     /* the end of a pipe that is closed when this process is gone, and nobody else has */
    pid_t remover; /* waits for that at the other end */
};

/* A new folder in the directory. To be removed also after a failure. */
fa_status fa_bench_folder_make(const char *directory, struct fa_bench_folder *folder) FA_CHECK_RESULT;

/* With all that is in it. Takes one zeroed. */
fa_status fa_bench_folder_remove(struct fa_bench_folder *folder) FA_CHECK_RESULT;

#endif
