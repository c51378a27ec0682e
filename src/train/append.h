/*
 * append.h - what is added to a log comes whole or not at all: where the disk is full in the middle of it,
 * the file is as before, so that what is added later can be read.
 */
#ifndef FA_TRAIN_APPEND_H
#define FA_TRAIN_APPEND_H

#include <stdbool.h>
#include <stddef.h>

/* At the end of an open file that nobody else adds to. False with errno set. */
bool fa_append(int fd, const void *data, size_t n_bytes);

#endif
