/*
 * directory.h - an open directory, and what may be done below it: the one place where anything is renamed,
 * moved aside or removed.
 *
 * A directory that a person names may itself be a link, to a larger disk say: it is followed once, when it is
 * opened, and held. What lies in it is reached from there by plain names, and never through a link: whatever
 * is planted in it meanwhile, nothing outside is written, emptied or removed. So
 *
 *   - a link in it is at most removed itself, never what it leads to
 *   - only what is ours by its name is removed; the caller knows those names
 *   - what another process holds locked is left alone
 *
 * Messages name "<path>/<name>", where path is what the directory was opened by. Functions may be called from
 * any thread.
 */
#ifndef FA_DIRECTORY_H
#define FA_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_directory;

/* Follows links. FA_EMISSING where there is none. */
fa_status fa_directory_open(const char *path, struct fa_directory **out) FA_CHECK_RESULT;

/* The directory that path ends in a name of; name points into path. FA_EINVAL where it ends in none. */
fa_status fa_directory_open_parent(const char *path, struct fa_directory **out,
                                   const char **name) FA_CHECK_RESULT;

/* A directory in parent; FA_EIO where name is a link, or another kind of file. The second also makes it where
   it is absent. */
fa_status fa_directory_open_below(const struct fa_directory *parent, const char *name,
                                  struct fa_directory **out) FA_CHECK_RESULT;
fa_status fa_directory_make_below(const struct fa_directory *parent, const char *name,
                                  struct fa_directory **out) FA_CHECK_RESULT;
void fa_directory_close(struct fa_directory *directory); /* NULL is fine */

const char *fa_directory_path(const struct fa_directory *directory); /* for messages, and for readers */
int fa_directory_descriptor(const struct fa_directory *directory);   /* stays the directory's own */

/* ---- what is in it ---- */

enum fa_entry_kind { FA_ENTRY_ABSENT, FA_ENTRY_FILE, FA_ENTRY_DIRECTORY, FA_ENTRY_LINK, FA_ENTRY_OTHER };

fa_status fa_directory_look(const struct fa_directory *directory, const char *name,
                            enum fa_entry_kind *kind) FA_CHECK_RESULT;

/* Names (without . and ..), sorted by byte; one block, one fa_free. */
fa_status fa_directory_names(const struct fa_directory *directory, size_t *n, char ***names) FA_CHECK_RESULT;

/* A file that is kept and written in place, or appended to: flags as for open(2), without O_TRUNC. FA_EIO
   where something else stands under that name: a link, a pipe, a file with further names, or one that belongs
   neither to us nor to the directory's owner. */
fa_status fa_directory_open_own(const struct fa_directory *directory, const char *name, int flags,
                                int *fd) FA_CHECK_RESULT;

/* ---- changes ---- */

fa_status fa_directory_sync(const struct fa_directory *directory) FA_CHECK_RESULT;

/* Replaces a file of the new name, or an empty directory by a directory. */
fa_status fa_directory_rename(const struct fa_directory *directory, const char *from,
                              const char *to) FA_CHECK_RESULT;

/* Exchanges two names at one stroke; *possible: the file system can. */
fa_status fa_directory_exchange(const struct fa_directory *directory, const char *a, const char *b,
                                bool *possible) FA_CHECK_RESULT;

/* Whatever is called name is called "<name>.before_<time>" from now on, and stays; nothing is replaced. The
   new name's path, for messages, is freed with fa_free. */
fa_status fa_directory_put_aside(const struct fa_directory *directory, const char *name,
                                 char **aside) FA_CHECK_RESULT;

/* A file, or a link itself; absent is fine. */
fa_status fa_directory_remove_file(const struct fa_directory *directory, const char *name) FA_CHECK_RESULT;

/* Whether the program gives this name to what it makes. */
typedef bool (*fa_is_ours_fn)(const char *name);

/* FA_EINVAL, naming the first such, where it holds anything but files and links whose names, or the names of
   whose temporaries, are ours. */
fa_status fa_directory_check(const struct fa_directory *directory, fa_is_ours_fn is_ours) FA_CHECK_RESULT;

/* Removes all that it holds except the name spared (may be NULL); nothing where the check above fails. */
fa_status fa_directory_empty(const struct fa_directory *directory, fa_is_ours_fn is_ours,
                             const char *spared) FA_CHECK_RESULT;

/* A directory in this one and, in the same way, what it holds; absent is fine. */
fa_status fa_directory_remove_tree(const struct fa_directory *directory, const char *name,
                                   fa_is_ours_fn is_ours) FA_CHECK_RESULT;

/* Whose temporaries a sweep takes: files, and directories with nothing but such files inside. NULL: none. */
struct fa_sweep {
    fa_is_ours_fn is_file, is_directory, is_inside;
};

/* Removes what a crash left: temporaries (new_file.h), unless they are being written. Links are not ours. */
fa_status fa_directory_sweep(const struct fa_directory *directory,
                             const struct fa_sweep *sweep) FA_CHECK_RESULT;

/* The same of the temporaries of the one file called name. */
fa_status fa_directory_sweep_of(const struct fa_directory *directory, const char *name) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
