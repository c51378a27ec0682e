/*
 * new_file.h - a file in the making: complete under its name or not there, and written by nobody else.
 *
 * It is written under "<name>.<16 random digits>.freeanchor.tmp" in the directory of its name, which did not
 * exist before and is locked meanwhile; so no link can be planted there, and no sweep takes it. commit makes
 * it durable and gives it its name, replacing what was there; a link there is replaced, not followed.
 */
#ifndef FA_NEW_FILE_H
#define FA_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fa/declarations.h"
#include "fa/directory.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* Nobody else's files are called so. */
#define FA_TEMPORARY_SUFFIX ".freeanchor.tmp"

enum { FA_TOKEN_SIZE = 17 };

/* 16 hexadecimal digits that nobody can foresee. */
fa_status fa_token_make(char token[FA_TOKEN_SIZE]) FA_CHECK_RESULT;

/* Whether name is that of a temporary, with or without a token; base, of size bytes, is then what it is the
   temporary of. */
bool fa_temporary_base(const char *name, char *base, size_t size);

struct fa_new_file;

/* FA_EIO if it cannot be created. The directory of path is followed, and loses what a crash left of earlier
   attempts at this file; that of the second need not outlive the file. */
fa_status fa_new_file_open(const char *path, struct fa_new_file **out) FA_CHECK_RESULT;
fa_status fa_new_file_open_in(const struct fa_directory *directory, const char *name,
                              struct fa_new_file **out) FA_CHECK_RESULT;

const char *fa_new_file_path(const struct fa_new_file *file); /* that it will have */
int fa_new_file_descriptor(const struct fa_new_file *file);   /* to read and to write; the file's own */

fa_status fa_new_file_write(struct fa_new_file *file, const void *data, size_t n_bytes) FA_CHECK_RESULT;

/* A stream to write to, to be closed before commit, with errors looked for. */
fa_status fa_new_file_stream(struct fa_new_file *file, FILE **out) FA_CHECK_RESULT;

/* CRC32C and size of what was written so far. */
fa_status fa_new_file_checksum(struct fa_new_file *file, uint32_t *crc, uint64_t *n_bytes) FA_CHECK_RESULT;

/* The file is gone from memory either way, and from the disk where it fails. */
fa_status fa_new_file_commit(struct fa_new_file *file) FA_CHECK_RESULT;
void fa_new_file_discard(struct fa_new_file *file); /* NULL is fine */

/* Commits after work that ended with FA_OK; else discards, and gives status with its message. */
fa_status fa_new_file_finish(struct fa_new_file *file, fa_status status) FA_CHECK_RESULT;

/* n_bytes of data as a file in directory, by the whole protocol. */
fa_status fa_directory_write(const struct fa_directory *directory, const char *name, const void *data,
                             size_t n_bytes) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
