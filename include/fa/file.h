/*
 * file.h - files that exist or do not: whole reads, atomic and durable writes, directories, locks.
 *
 * The protocol of a durable file: write it under fa_file_temporary_name(), fa_file_commit() it: fsync the
 * file, rename it to its final name, fsync the directory. A file under its final name is therefore complete;
 * a crash leaves at most a temporary, which fa_directory_sweep() removes at the next start.
 */
#ifndef FA_FILE_H
#define FA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/status.h"

/* What it means that a file that was named cannot be opened: FA_EMISSING where it is not there, else FA_EIO.
 */
fa_status fa_open_failure(int error);

/* The whole file, with a terminating 0 that n_bytes does not count; *data is freed with fa_free. A file over
   limit bytes, and what is no plain file, is FA_EFORMAT. */
fa_status fa_file_read(const char *path, size_t limit, char **data, size_t *n_bytes) FA_CHECK_RESULT;

/* The same of a file that is open, whatever its position; path is for messages. fd stays open. */
fa_status fa_file_read_open(int fd, const char *path, size_t limit, char **data,
                            size_t *n_bytes) FA_CHECK_RESULT;

/* n_bytes at offset by pread, all of them or FA_EFORMAT ("ends early"). fd stays open and its position
 * untouched. */
fa_status fa_file_read_at(int fd, const char *path, uint64_t offset, size_t n_bytes,
                          void *data) FA_CHECK_RESULT;

/* "<path>.freeanchor.tmp": the name under which a file is written before it is committed; nobody else's files
   are called so. Free with fa_free. */
#define FA_TEMPORARY_SUFFIX ".freeanchor.tmp"
fa_status fa_file_temporary_name(const char *path, char **out) FA_CHECK_RESULT;
bool fa_file_is_temporary(const char *path); /* by its name */

/* Makes "<temporary>" durable under path, replacing what was there. The temporary is gone either way. */
fa_status fa_file_commit(const char *temporary, const char *path) FA_CHECK_RESULT;

/* The whole protocol for n_bytes of data. */
fa_status fa_file_write_atomic(const char *path, const void *data, size_t n_bytes) FA_CHECK_RESULT;

bool fa_file_exists(const char *path); /* any kind of file */
bool fa_directory_exists(const char *path);
bool fa_file_is_same(const char *a, const char *b); /* by name, or one file under two */
fa_status fa_file_size(const char *path, uint64_t *n_bytes) FA_CHECK_RESULT;

/* CRC32C of the file's content and its size. */
fa_status fa_file_checksum(const char *path, uint32_t *crc, uint64_t *n_bytes) FA_CHECK_RESULT;

/* Makes path and its missing parents; an existing directory is fine. */
fa_status fa_directory_make(const char *path) FA_CHECK_RESULT;
fa_status fa_directory_sync(const char *path) FA_CHECK_RESULT;

/* Removes a directory and the plain files in it (one level); absent is fine. */
fa_status fa_directory_remove(const char *path) FA_CHECK_RESULT;

/* Removes what a crash left: entries of path with a temporary name. */
fa_status fa_directory_sweep(const char *path) FA_CHECK_RESULT;

/* Names in path (without . and ..), sorted by byte; one block, one fa_free. */
fa_status fa_directory_list(const char *path, size_t *n, char ***names) FA_CHECK_RESULT;

/* "a/b" of "a" and "b"; free with fa_free. */
fa_status fa_path_join(const char *directory, const char *name, char **out) FA_CHECK_RESULT;

/* Free bytes for us on the file system that holds path. */
fa_status fa_directory_free_bytes(const char *path, uint64_t *n_bytes) FA_CHECK_RESULT;

/* An exclusive lock on "<directory>/.lock", held until closed or the process ends. FA_EIO names the holder
   (host and process) if somebody else has it. */
struct fa_lock;
fa_status fa_lock_acquire(const char *directory, struct fa_lock **out) FA_CHECK_RESULT;
void fa_lock_release(struct fa_lock *lock);

#endif
