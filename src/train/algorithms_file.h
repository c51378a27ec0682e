/*
 * algorithms_file.h - a table of measured algorithms (fa/algorithms.h) as a file of JSON, that a later run
 * may take the same choices: and so give the same bits.
 */
#ifndef FA_ALGORITHMS_FILE_H
#define FA_ALGORITHMS_FILE_H

#include "fa/algorithms.h"
#include "fa/status.h"

/* Adds the rows of the file to the backend's table. FA_EFORMAT if it is damaged; FA_EINVAL if it was measured
   with another library, instruction set or number of threads than the backend's. */
fa_status fa_algorithms_read(const char *path, struct fa_backend *backend) FA_CHECK_RESULT;

/* Writes the backend's table, whole or not at all. */
fa_status fa_algorithms_write(const char *path, struct fa_backend *backend) FA_CHECK_RESULT;

#endif
