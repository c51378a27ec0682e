/*
 * check_group.c - the names in a group: a tree of nodes whose names lie in a heap, or messages one by one.
 */
#include <string.h>

#include "check.h"

/* ---- the heap of names ---- */

/* Pieces that are free form a list, which must come to its end. */
static fa_status check_free_list(struct fa_h5_check *check, struct fa_h5_bytes names, uint64_t offset)
{
    enum { NONE = 1, PIECE = 16 };
    uint64_t n_free = 0;

    while (offset != NONE) {
        struct fa_h5_bytes piece = names;
        uint64_t size;

        fa_h5_part(&piece, offset);
        offset = fa_h5_number(&piece, 8);
        size = fa_h5_number(&piece, 8);
        if (piece.cut || size < PIECE || size - PIECE > piece.left || size > names.left - n_free)
            return fa_h5_damaged(check, "heap of names");
        n_free += size;
    }
    return FA_OK;
}

static fa_status take_heap(struct fa_h5_check *check, uint64_t address, struct fa_h5_bytes *names)
{
    struct fa_h5_bytes heap;
    uint64_t size, free_list;
    bool begins;

    FA_TRY(fa_h5_take(check, "heap of names", address, 32, &heap));
    begins = fa_h5_begins(&heap, "HEAP");
    if (!begins || fa_h5_number(&heap, 4) != 0)
        return fa_h5_damaged(check, "heap of names");
    size = fa_h5_number(&heap, 8);
    free_list = fa_h5_number(&heap, 8);
    FA_TRY(fa_h5_take(check, "heap of names", fa_h5_number(&heap, 8), size, names));
    return check_free_list(check, *names, free_list);
}

static fa_status find_name(struct fa_h5_check *check, struct fa_h5_bytes names, uint64_t offset,
                           struct fa_h5_bytes *name)
{
    fa_h5_part(&names, offset);
    name->at = names.at;
    name->left = names.left > 0 ? strnlen((const char *)names.at,
                                          names.left < FA_H5_MAX_PATH ? names.left : FA_H5_MAX_PATH)
                                : 0;
    if (names.cut || name->left == names.left || name->left == FA_H5_MAX_PATH)
        return fa_h5_damaged(check, "heap of names");
    return FA_OK;
}

/* ---- links ---- */

enum link { HARD = 0, SOFT = 1, EXTERNAL = 64 }; /* and users' from 65 on */

static fa_status refuse_link(struct fa_h5_check *check, struct fa_h5_bytes name, uint64_t type)
{
    FA_TRY(fa_h5_enter(check, name.at, name.left));
    return fa_h5_refuse(check,
                        type == SOFT ? "it is a link to another name (a soft link)"
                        : type == EXTERNAL
                            ? "it is a link into another file (an external link)"
                            : "it is a link of a kind that is not HDF5's (a user-defined link)",
                        "store the dataset itself under that name");
}

fa_status fa_h5_check_link(struct fa_h5_check *check, struct fa_h5_bytes bytes)
{
    enum { SIZE_OF_LENGTH = 3, ORDERED = 4, HAS_TYPE = 8, HAS_CHARSET = 16 };
    const uint64_t version = fa_h5_number(&bytes, 1), flags = fa_h5_number(&bytes, 1);
    const uint64_t type = flags & HAS_TYPE ? fa_h5_number(&bytes, 1) : HARD;
    struct fa_h5_bytes name;
    uint64_t address;

    fa_h5_part(&bytes, (flags & ORDERED ? 8 : 0) + (flags & HAS_CHARSET ? 1 : 0));
    name = fa_h5_part(&bytes, fa_h5_number(&bytes, (size_t)1 << (flags & SIZE_OF_LENGTH)));
    if (bytes.cut || version != 1)
        return fa_h5_damaged(check, "list of links");
    if (type != HARD)
        return refuse_link(check, name, type);
    address = fa_h5_number(&bytes, 8);
    if (bytes.cut)
        return fa_h5_damaged(check, "list of links");
    return fa_h5_check_child(check, name.at, name.left, address);
}

/* ---- the tree ---- */

enum { LINK_NONE = 0, LINK_GROUP = 1 };

static fa_status check_entry(struct fa_h5_check *check, struct fa_h5_bytes names, struct fa_h5_bytes *entry)
{
    const uint64_t offset = fa_h5_number(entry, 8), address = fa_h5_number(entry, 8);
    const uint64_t cached = fa_h5_number(entry, 4);
    struct fa_h5_bytes name;

    fa_h5_part(entry, 20);
    if (entry->cut)
        return fa_h5_damaged(check, "symbol table");
    FA_TRY(find_name(check, names, offset, &name));
    if (cached != LINK_NONE && cached != LINK_GROUP)
        return refuse_link(check, name, SOFT);
    return fa_h5_check_child(check, name.at, name.left, address);
}

static fa_status check_leaf(struct fa_h5_check *check, struct fa_h5_bytes names, uint64_t address)
{
    unsigned char buffer[8];
    struct fa_h5_bytes prefix, entries;
    uint64_t n;

    FA_TRY(fa_h5_peek(check, address, sizeof buffer, buffer, &prefix));
    if (!fa_h5_begins(&prefix, "SNOD") || fa_h5_number(&prefix, 2) != 1)
        return fa_h5_damaged(check, "symbol table");
    n = fa_h5_number(&prefix, 2);
    if (n > 2 * check->leaf_k)
        return fa_h5_damaged(check, "symbol table");
    FA_TRY(fa_h5_take(check, "symbol table", address, 8 + 40 * n, &entries));
    fa_h5_part(&entries, 8);
    while (entries.left > 0)
        FA_TRY(check_entry(check, names, &entries));
    return FA_OK;
}

static fa_status check_node(struct fa_h5_check *check, struct fa_h5_bytes names, uint64_t address, int level)
{
    struct fa_h5_block *mark = check->blocks;
    struct fa_h5_bytes node, key;
    uint64_t n = 0;

    FA_TRY(fa_h5_take_node(check, address, FA_H5_NAME_TREE, level, 2 * check->group_k, 8, &node, &n));
    for (uint64_t i = 0; i < n; i++) {
        uint64_t child;

        FA_TRY(find_name(check, names, fa_h5_number(&node, 8), &key));
        child = fa_h5_number(&node, 8);
        FA_TRY(level > 0 ? check_node(check, names, child, level - 1) : check_leaf(check, names, child));
    }
    FA_TRY(find_name(check, names, fa_h5_number(&node, 8), &key));
    fa_h5_release(check, mark);
    return FA_OK;
}

fa_status fa_h5_check_symbols(struct fa_h5_check *check, uint64_t tree, uint64_t heap)
{
    struct fa_h5_bytes names;
    int level;

    FA_TRY(take_heap(check, heap, &names));
    FA_TRY(fa_h5_tree_level(check, tree, &level));
    return check_node(check, names, tree, level);
}
