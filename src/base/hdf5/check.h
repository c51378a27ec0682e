/*
 * check.h - whether a file is one that the HDF5 library may see.
 *
 * The library trusts what a file says of itself: it opens other files that are named in it, takes the memory
 * that is claimed, loads filters and follows structures in circles. So every structure that it would follow
 * is read here first, and what is not among those of the page data/FORMAT.md ("HDF5 files that are read") is
 * refused. One rule bounds the work: every structure lies within the file, and no byte belongs to two of
 * them. Time and memory are then at most those of reading the file once, whatever it claims.
 *
 * The names of structures are those of the HDF5 File Format Specification, version 3.0.
 */
#ifndef FA_BASE_HDF5_CHECK_H
#define FA_BASE_HDF5_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/status.h"

#define FA_H5_NOWHERE UINT64_MAX /* an address that is not set */

enum { FA_H5_MAX_DEPTH = 32, FA_H5_MAX_PATH = 1024 };

/* FA_EFORMAT, saying what is in the file that is not read. Anything that the system refuses is FA_EIO. */
fa_status fa_h5_check_file(const char *path, int fd) FA_CHECK_RESULT;

/* ---- what the check_*.c files share ---- */

/* The file under examination. */
struct fa_h5_check {
    const char *path;
    int fd;
    uint64_t end;                      /* of the file */
    unsigned group_k, leaf_k, chunk_k; /* half of the most entries of a node, as the superblock has them */
    int depth;                         /* of the object under examination; the root's is 0 */
    char name[FA_H5_MAX_PATH];         /* its path, for messages */
    size_t n_name;
    struct fa_h5_range *ranges; /* of the structures so far */
    size_t n_ranges, room;
    uint64_t n_claimed; /* their bytes */
    struct fa_h5_text *texts;
    size_t n_texts, text_room;
    struct fa_h5_block *blocks; /* those in memory, the newest first */
};

/* Bytes of a structure, read from front to back. Reading beyond them gives zeros and sets cut. */
struct fa_h5_bytes {
    const unsigned char *at;
    size_t left;
    bool cut;
};

uint64_t fa_h5_number(struct fa_h5_bytes *bytes, size_t n_bytes); /* little-endian, of at most 8 bytes */
struct fa_h5_bytes fa_h5_part(struct fa_h5_bytes *bytes, uint64_t n);
bool fa_h5_begins(struct fa_h5_bytes *bytes, const char *signature); /* takes 4 bytes */

/* Notes that [address, address + n) is one structure; what: its name in a message. */
fa_status fa_h5_claim(struct fa_h5_check *check, const char *what, uint64_t address,
                      uint64_t n) FA_CHECK_RESULT;

/* Notes and reads one. Its bytes are there until those taken before are let go of: what was
   check->blocks before goes into fa_h5_release. */
fa_status fa_h5_take(struct fa_h5_check *check, const char *what, uint64_t address, uint64_t n,
                     struct fa_h5_bytes *out) FA_CHECK_RESULT;
void fa_h5_release(struct fa_h5_check *check, struct fa_h5_block *mark);

/* Reads n bytes without noting them; the file may end before. */
fa_status fa_h5_peek(struct fa_h5_check *check, uint64_t address, size_t n, void *buffer,
                     struct fa_h5_bytes *out) FA_CHECK_RESULT;

/* No two of the structures noted share a byte. */
fa_status fa_h5_check_ranges(struct fa_h5_check *check) FA_CHECK_RESULT;

/* FA_EFORMAT: "path: object: its <what> cannot be right" and "path: object: <what>, which is not read;
   <advice>". */
fa_status fa_h5_damaged(const struct fa_h5_check *check, const char *what) FA_CHECK_RESULT;
fa_status fa_h5_refuse(const struct fa_h5_check *check, const char *what, const char *advice) FA_CHECK_RESULT;

/* Goes on with what has that name in the object under examination, and back: n_name is what it was. */
fa_status fa_h5_enter(struct fa_h5_check *check, const unsigned char *name, size_t n) FA_CHECK_RESULT;
void fa_h5_leave(struct fa_h5_check *check, size_t n_name);

/* What is said of one message of an object's header; see check_message.c. */
struct fa_h5_kind {
    uint32_t size; /* of an element in the file */
    bool is_text;  /* of variable length: elements point into a heap */
};
struct fa_h5_extent {
    int n_dims;
    uint64_t dims[32], n_elem;
};
struct fa_h5_filters {
    int n, id[3]; /* in the order in which writing applies them */
};
enum { FA_H5_DEFLATE = 1, FA_H5_SHUFFLE = 2, FA_H5_FLETCHER = 3 };

fa_status fa_h5_check_kind(struct fa_h5_check *check, struct fa_h5_bytes *bytes,
                           struct fa_h5_kind *out) FA_CHECK_RESULT;
fa_status fa_h5_check_extent(struct fa_h5_check *check, struct fa_h5_bytes *bytes,
                             struct fa_h5_extent *out) FA_CHECK_RESULT;
fa_status fa_h5_check_fill(struct fa_h5_check *check, struct fa_h5_bytes bytes, bool is_old,
                           uint32_t size) FA_CHECK_RESULT;
fa_status fa_h5_check_filters(struct fa_h5_check *check, struct fa_h5_bytes bytes, uint32_t size,
                              struct fa_h5_filters *out) FA_CHECK_RESULT;
fa_status fa_h5_check_attribute(struct fa_h5_check *check, struct fa_h5_bytes bytes) FA_CHECK_RESULT;

/* Where a dataset's values lie. */
struct fa_h5_dataset {
    struct fa_h5_kind kind;
    struct fa_h5_extent extent;
    struct fa_h5_filters filters;
};
fa_status fa_h5_check_layout(struct fa_h5_check *check, struct fa_h5_bytes bytes,
                             const struct fa_h5_dataset *dataset) FA_CHECK_RESULT;

/* Where values lie in chunks. */
struct fa_h5_chunks {
    const struct fa_h5_dataset *dataset;
    uint64_t dims[32], n_bytes, n_chunks; /* of a chunk in elements and bytes; chunks of the dataset */
};
fa_status fa_h5_check_chunk(struct fa_h5_check *check, const struct fa_h5_chunks *chunks, uint64_t address,
                            uint64_t n_bytes, uint32_t mask) FA_CHECK_RESULT;
fa_status fa_h5_check_chunk_tree(struct fa_h5_check *check, const struct fa_h5_chunks *chunks,
                                 uint64_t address) FA_CHECK_RESULT;
fa_status fa_h5_check_chunk_index(struct fa_h5_check *check, struct fa_h5_bytes *bytes, unsigned flags,
                                  const struct fa_h5_chunks *chunks) FA_CHECK_RESULT;

/* An object and all below it. */
fa_status fa_h5_check_object(struct fa_h5_check *check, uint64_t address) FA_CHECK_RESULT;
fa_status fa_h5_check_child(struct fa_h5_check *check, const unsigned char *name, size_t n_name,
                            uint64_t address) FA_CHECK_RESULT;

/* A node of a tree: after its prefix n times key and address of a child, and a last key. */
enum fa_h5_tree { FA_H5_NAME_TREE, FA_H5_CHUNK_TREE };
fa_status fa_h5_tree_level(struct fa_h5_check *check, uint64_t address, int *level) FA_CHECK_RESULT;
fa_status fa_h5_take_node(struct fa_h5_check *check, uint64_t address, enum fa_h5_tree kind, int level,
                          uint64_t most, uint64_t key_bytes, struct fa_h5_bytes *out,
                          uint64_t *n) FA_CHECK_RESULT;

/* A group's names as a symbol table has them, as a message has one, and as a heap has them. */
fa_status fa_h5_check_symbols(struct fa_h5_check *check, uint64_t tree, uint64_t heap) FA_CHECK_RESULT;
fa_status fa_h5_check_link(struct fa_h5_check *check, struct fa_h5_bytes bytes) FA_CHECK_RESULT;

/* Links (attributes) of a group (object) that has many: messages in a fractal heap, found by a tree. */
enum fa_h5_dense { FA_H5_LINKS, FA_H5_ATTRIBUTES };
fa_status fa_h5_check_dense(struct fa_h5_check *check, enum fa_h5_dense what, uint64_t heap,
                            uint64_t tree) FA_CHECK_RESULT;

/* A text in a global heap, by the element of variable length that points to it; and all of them, at the end.
 */
fa_status fa_h5_note_text(struct fa_h5_check *check, struct fa_h5_bytes element) FA_CHECK_RESULT;
fa_status fa_h5_check_texts(struct fa_h5_check *check) FA_CHECK_RESULT;

#endif
