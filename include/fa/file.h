/*
 * file.h - files by their paths: whole reads, atomic and durable writes, directories, locks. Links are
 * followed; what must not be is reached by directory.h.
 */
#ifndef FA_FILE_H
#define FA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/directory.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* What it means that a file that was named cannot be opened: FA_EMISSING where it is not there, as none is
   whose name is longer than names can be, else FA_EIO. */
fa_status fa_open_failure(int error);

/* The whole file, with a terminating 0 that n_bytes does not count; *data is freed with fa_free. A file over
   limit bytes, and what is no plain file, is FA_EFORMAT. */
fa_status fa_file_read(const char *path, size_t limit, char **data, size_t *n_bytes) FA_CHECK_RESULT;

/* The first, or last, most bytes of a file that may be larger, and may grow meanwhile. */
fa_status fa_file_read_head(const char *path, size_t most, char **data, size_t *n_bytes) FA_CHECK_RESULT;
fa_status fa_file_read_tail(const char *path, size_t most, char **data, size_t *n_bytes) FA_CHECK_RESULT;

/* The whole of a file that is open, whatever its position; path is for messages. fd stays open. */
fa_status fa_file_read_open(int fd, const char *path, size_t limit, char **data,
                            size_t *n_bytes) FA_CHECK_RESULT;

/* n_bytes at offset by pread, all of them or FA_EFORMAT ("ends early"). fd stays open and its position
 * untouched. */
fa_status fa_file_read_at(int fd, const char *path, uint64_t offset, size_t n_bytes,
                          void *data) FA_CHECK_RESULT;

/* A file by the whole protocol of new_file.h. */
fa_status fa_file_write_atomic(const char *path, const void *data, size_t n_bytes) FA_CHECK_RESULT;

/* As fa_directory_open_own; the directory of path is followed, and what lies there not. */
fa_status fa_file_open_own(const char *path, int flags, int *fd) FA_CHECK_RESULT;

bool fa_file_exists(const char *path);      /* any kind of file */
bool fa_file_is_dangling(const char *path); /* a link to what cannot be reached */
bool fa_directory_exists(const char *path);
bool fa_file_is_same(const char *a, const char *b); /* by name, or one file under two */
fa_status fa_file_size(const char *path, uint64_t *n_bytes) FA_CHECK_RESULT;

/* CRC32C of the file's content and its size. */
fa_status fa_file_checksum(const char *path, uint32_t *crc, uint64_t *n_bytes) FA_CHECK_RESULT;
fa_status fa_file_checksum_open(int fd, const char *path, uint32_t *crc, uint64_t *n_bytes) FA_CHECK_RESULT;

/* Makes path and its missing parents; an existing directory is fine. */
fa_status fa_directory_make(const char *path) FA_CHECK_RESULT;

/* Names in path (without . and ..), sorted by byte; one block, one fa_free. */
fa_status fa_directory_list(const char *path, size_t *n, char ***names) FA_CHECK_RESULT;

/* "a/b" of "a" and "b"; free with fa_free. */
fa_status fa_path_join(const char *directory, const char *name, char **out) FA_CHECK_RESULT;

/* Of this process, as whoever changed to it called it ($PWD), since other hosts may not have what its links
   lead to; free with fa_free. */
fa_status fa_working_directory(char **out) FA_CHECK_RESULT;

/* Free bytes for us on the file system that holds path. */
fa_status fa_directory_free_bytes(const char *path, uint64_t *n_bytes) FA_CHECK_RESULT;

/* An exclusive lock on the file ".lock" of a directory, held until closed or the process ends. FA_EIO names
   the holder (host and process) if somebody else has it. */
#define FA_LOCK_NAME ".lock"
struct fa_lock;
fa_status fa_lock_acquire(const struct fa_directory *directory, struct fa_lock **out) FA_CHECK_RESULT;
void fa_lock_release(struct fa_lock *lock);

/* Whether somebody has the lock of the directory, and who (as the holder signed: "process 7 on node1"; ""
   where that is not known); a file system without locks knows nobody. Nobody who wants the lock notices. */
fa_status fa_lock_look(const char *directory, bool *is_held, char *holder, size_t size) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
