/*
 * check_bytes.c - the bytes of structures: which are whose, what they say, and what is said of them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fa/file.h"
#include "fa/memory.h"

struct fa_h5_range {
    uint64_t begin, end;
};

struct fa_h5_block {
    struct fa_h5_block *next;
    unsigned char bytes[];
};

/* ---- what they say ---- */

uint64_t fa_h5_number(struct fa_h5_bytes *bytes, size_t n_bytes)
{
    const struct fa_h5_bytes part = fa_h5_part(bytes, n_bytes);
    uint64_t number = 0;

    for (size_t i = part.left; i-- > 0;)
        number = number << 8 | part.at[i];
    return number;
}

struct fa_h5_bytes fa_h5_part(struct fa_h5_bytes *bytes, uint64_t n)
{
    struct fa_h5_bytes part = {bytes->at, (size_t)n, false};

    if (n > bytes->left) {
        bytes->cut = true;
        part.left = 0;
        part.cut = true;
    }
    bytes->at += part.left;
    bytes->left -= part.left;
    return part;
}

bool fa_h5_begins(struct fa_h5_bytes *bytes, const char *signature)
{
    const struct fa_h5_bytes part = fa_h5_part(bytes, 4);

    return part.left == 4 && memcmp(part.at, signature, 4) == 0;
}

/* ---- which are whose ---- */

static fa_status note_range(struct fa_h5_check *check, uint64_t begin, uint64_t end)
{
    if (check->n_ranges == check->room) {
        FA_TRY(fa_realloc(&check->ranges, 2 * check->room + 64, sizeof *check->ranges));
        check->room = 2 * check->room + 64;
    }
    check->ranges[check->n_ranges++] = (struct fa_h5_range){begin, end};
    return FA_OK;
}

fa_status fa_h5_claim(struct fa_h5_check *check, const char *what, uint64_t address, uint64_t n)
{
    if (address > check->end || n > check->end - address)
        return fa_fail(FA_EFORMAT,
                       "%s: %s: damaged: its %s of %" PRIu64 " bytes ends beyond the file; copy the file "
                       "again, or make it again",
                       check->path, check->name, what, n);
    if (n > check->end - check->n_claimed)
        return fa_h5_damaged(check, what); /* some byte is another structure's too */
    check->n_claimed += n;
    return n > 0 ? note_range(check, address, address + n) : FA_OK;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct fa_h5_range *x = a, *y = b;

    return (x->begin > y->begin) - (x->begin < y->begin);
}

fa_status fa_h5_check_ranges(struct fa_h5_check *check)
{
    qsort(check->ranges, check->n_ranges, sizeof *check->ranges, compare_ranges);
    for (size_t i = 1; i < check->n_ranges; i++)
        if (check->ranges[i].begin < check->ranges[i - 1].end)
            return fa_fail(FA_EFORMAT,
                           "%s: two of its structures share byte %" PRIu64 ", or one object has two names, "
                           "which is not read; write the file with one name for each",
                           check->path, check->ranges[i].begin);
    return FA_OK;
}

fa_status fa_h5_take(struct fa_h5_check *check, const char *what, uint64_t address, uint64_t n,
                     struct fa_h5_bytes *out)
{
    struct fa_h5_block *block;

    *out = (struct fa_h5_bytes){0};
    FA_TRY(fa_h5_claim(check, what, address, n));
    FA_TRY(fa_alloc(sizeof *block + (size_t)n, 1, &block));
    block->next = check->blocks;
    check->blocks = block;
    FA_TRY(fa_file_read_at(check->fd, check->path, address, (size_t)n, block->bytes));
    *out = (struct fa_h5_bytes){block->bytes, (size_t)n, false};
    return FA_OK;
}

void fa_h5_release(struct fa_h5_check *check, struct fa_h5_block *mark)
{
    while (check->blocks != mark) {
        struct fa_h5_block *block = check->blocks;

        check->blocks = block->next;
        fa_free(block);
    }
}

fa_status fa_h5_peek(struct fa_h5_check *check, uint64_t address, size_t n, void *buffer,
                     struct fa_h5_bytes *out)
{
    const uint64_t left = address < check->end ? check->end - address : 0;
    const size_t n_read = left < n ? (size_t)left : n;

    *out = (struct fa_h5_bytes){buffer, n_read, false};
    return n_read > 0 ? fa_file_read_at(check->fd, check->path, address, n_read, buffer) : FA_OK;
}

/* ---- what is said of them ---- */

fa_status fa_h5_damaged(const struct fa_h5_check *check, const char *what)
{
    return fa_fail(FA_EFORMAT,
                   "%s: %s: damaged: its %s cannot be right; copy the file again, or make it again",
                   check->path, check->name, what);
}

fa_status fa_h5_refuse(const struct fa_h5_check *check, const char *what, const char *advice)
{
    return fa_fail(FA_EFORMAT, "%s: %s: %s, which is not read; %s", check->path, check->name, what, advice);
}

/* As names appear in messages and listings, which control characters would break. */
static bool is_name(const unsigned char *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (name[i] < 0x20 || name[i] == 0x7f || name[i] == '/')
            return false;
    return n > 0 && !(n == 1 && name[0] == '.');
}

static void set_name(struct fa_h5_check *check, size_t n)
{
    check->n_name = n;
    check->name[n] = '\0';
    if (n == 0)
        memcpy(check->name, "/", 2); /* the root, in messages */
}

fa_status fa_h5_enter(struct fa_h5_check *check, const unsigned char *name, size_t n)
{
    const size_t n_separator = check->n_name > 0 ? 1 : 0;

    if (!is_name(name, n))
        return fa_h5_refuse(check, "one of its names is empty, or holds a slash or control characters",
                            "give it another");
    if (n >= sizeof check->name - check->n_name - n_separator)
        return fa_h5_refuse(check, "one of its names is longer than a thousand bytes", "give it another");
    memcpy(check->name + check->n_name, "/", n_separator);
    memcpy(check->name + check->n_name + n_separator, name, n);
    set_name(check, check->n_name + n_separator + n);
    return FA_OK;
}

void fa_h5_leave(struct fa_h5_check *check, size_t n_name)
{
    set_name(check, n_name);
}
