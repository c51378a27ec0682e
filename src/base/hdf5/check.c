/*
 * check.c - the superblock, from which all else is found.
 */
#include "check.h"

#include <inttypes.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"

static const char signature[] = "\x89HDF\r\n\x1a\n";

enum { SIGNATURE = 8, LARGEST_SUPERBLOCK = 100, MOST_K = 512 };

/* What every version has. */
struct superblock {
    unsigned version;
    uint64_t n_bytes, base, end, root;
    uint64_t elsewhere; /* a driver, or an extension: FA_H5_NOWHERE if there is none */
};

static bool has_sizes_of_8(struct fa_h5_bytes *bytes)
{
    const uint64_t of_offsets = fa_h5_number(bytes, 1), of_lengths = fa_h5_number(bytes, 1);

    return of_offsets == 8 && of_lengths == 8;
}

/* Versions 0 and 1. The root is an entry of a symbol table. */
static fa_status read_old(struct fa_h5_check *check, struct fa_h5_bytes *bytes, struct superblock *block)
{
    fa_h5_part(bytes, 4); /* versions of other parts, always 0 */
    if (!has_sizes_of_8(bytes))
        return fa_h5_damaged(check, "superblock");
    fa_h5_part(bytes, 1);
    check->leaf_k = (unsigned)fa_h5_number(bytes, 2);
    check->group_k = (unsigned)fa_h5_number(bytes, 2);
    fa_h5_part(bytes, 4);
    if (block->version == 1) {
        check->chunk_k = (unsigned)fa_h5_number(bytes, 2);
        fa_h5_part(bytes, 2);
    }
    block->base = fa_h5_number(bytes, 8);
    fa_h5_part(bytes, 8); /* free space */
    block->end = fa_h5_number(bytes, 8);
    block->elsewhere = fa_h5_number(bytes, 8);
    fa_h5_part(bytes, 8); /* its name */
    block->root = fa_h5_number(bytes, 8);
    fa_h5_part(bytes, 24);
    block->n_bytes = block->version == 1 ? 100 : 96;
    return FA_OK;
}

/* Versions 2 and 3. A flag says that somebody has the file open for writing. */
static fa_status read_new(struct fa_h5_check *check, struct fa_h5_bytes *bytes, struct superblock *block)
{
    uint64_t flags;

    if (!has_sizes_of_8(bytes))
        return fa_h5_damaged(check, "superblock");
    flags = fa_h5_number(bytes, 1);
    if (flags != 0)
        return fa_h5_refuse(check, "it was not closed by the program that wrote it",
                            "let that end, or write the file again");
    block->base = fa_h5_number(bytes, 8);
    block->elsewhere = fa_h5_number(bytes, 8);
    block->end = fa_h5_number(bytes, 8);
    block->root = fa_h5_number(bytes, 8);
    block->n_bytes = 48;
    return FA_OK;
}

static fa_status fail_part(const struct fa_h5_check *check)
{
    return fa_fail(FA_EFORMAT, "%s: not a whole HDF5 file: it has %" PRIu64 " bytes; copy it again",
                   check->path, check->end);
}

static fa_status check_superblock(struct fa_h5_check *check, const struct superblock *block)
{
    if (block->elsewhere != FA_H5_NOWHERE)
        return fa_h5_refuse(check,
                            "it says that its content is stored in a way of its own or in several files",
                            "write it as one file, with h5py's default driver");
    if (block->base != 0 || check->group_k < 1 || check->group_k > MOST_K || check->leaf_k < 1 ||
        check->leaf_k > MOST_K || check->chunk_k < 1 || check->chunk_k > MOST_K)
        return fa_h5_damaged(check, "superblock");
    if (block->end > check->end || block->end < block->n_bytes)
        return fail_part(check);
    return FA_OK;
}

static fa_status read_superblock(struct fa_h5_check *check, struct superblock *block)
{
    unsigned char buffer[LARGEST_SUPERBLOCK];
    struct fa_h5_bytes bytes;
    fa_status status;

    FA_TRY(fa_h5_peek(check, 0, sizeof buffer, buffer, &bytes));
    if (bytes.left < SIGNATURE || memcmp(buffer, signature, SIGNATURE) != 0)
        return fa_fail(FA_EFORMAT, "%s: not a whole HDF5 file: it does not begin like one; name another",
                       check->path);
    fa_h5_part(&bytes, SIGNATURE);
    block->version = (unsigned)fa_h5_number(&bytes, 1);
    if (block->version > 3)
        return fa_h5_refuse(check, "its superblock is of a later version than 3",
                            "write it with libver='earliest'");
    status = block->version < 2 ? read_old(check, &bytes, block) : read_new(check, &bytes, block);
    if (bytes.cut)
        return fail_part(check);
    return status == FA_OK ? check_superblock(check, block) : status;
}

static fa_status check_content(struct fa_h5_check *check)
{
    struct superblock block = {0};

    FA_TRY(read_superblock(check, &block));
    FA_TRY(fa_h5_claim(check, "superblock", 0, block.n_bytes));
    check->end = block.end; /* what comes after it is nobody's */
    FA_TRY(fa_h5_check_object(check, block.root));
    FA_TRY(fa_h5_check_texts(check));
    return fa_h5_check_ranges(check);
}

fa_status fa_h5_check_file(const char *path, int fd)
{
    struct fa_h5_check check = {
        .path = path, .fd = fd, .group_k = 16, .leaf_k = 4, .chunk_k = 32, .name = "/"};
    fa_status status = fa_file_size(path, &check.end);

    if (status == FA_OK)
        status = check_content(&check);
    fa_h5_release(&check, NULL);
    fa_free(check.texts);
    fa_free(check.ranges);
    return status;
}
