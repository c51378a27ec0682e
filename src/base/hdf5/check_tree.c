/*
 * check_tree.c - nodes of the trees that find a group's names and a dataset's chunks (B-trees of version 1).
 */
#include "check.h"

/* A file of any size needs fewer levels. */
enum { PREFIX = 24, MOST_LEVELS = 32 };

static fa_status read_prefix(struct fa_h5_check *check, uint64_t address, uint64_t *type, uint64_t *level,
                             uint64_t *n)
{
    unsigned char buffer[PREFIX];
    struct fa_h5_bytes prefix;
    bool begins;

    FA_TRY(fa_h5_peek(check, address, sizeof buffer, buffer, &prefix));
    begins = fa_h5_begins(&prefix, "TREE");
    *type = fa_h5_number(&prefix, 1);
    *level = fa_h5_number(&prefix, 1);
    *n = fa_h5_number(&prefix, 2);
    return begins && !prefix.cut ? FA_OK : fa_h5_damaged(check, "tree");
}

fa_status fa_h5_tree_level(struct fa_h5_check *check, uint64_t address, int *level)
{
    uint64_t type, found, n;

    FA_TRY(read_prefix(check, address, &type, &found, &n));
    *level = (int)found;
    return found <= MOST_LEVELS ? FA_OK : fa_h5_damaged(check, "tree");
}

fa_status fa_h5_take_node(struct fa_h5_check *check, uint64_t address, enum fa_h5_tree kind, int level,
                          uint64_t most, uint64_t key_bytes, struct fa_h5_bytes *out, uint64_t *n)
{
    uint64_t type, found;

    FA_TRY(read_prefix(check, address, &type, &found, n));
    if (type != (uint64_t)kind || found != (uint64_t)level || *n > most)
        return fa_h5_damaged(check, "tree");
    FA_TRY(fa_h5_take(check, "tree", address, PREFIX + *n * (key_bytes + 8) + key_bytes, out));
    fa_h5_part(out, PREFIX);
    return FA_OK;
}
