/*
 * check_dense.c - groups with many links, and objects with many attributes, as later versions of the library
 * store them: messages in a fractal heap, found by a tree of version 2.
 *
 * Heaps and trees are read as the library makes them for this use and no other. A heap is then one block, or
 * one table of blocks, which hold 512 KiB of links: ten thousand names.
 */
#include <string.h>

#include "check.h"

enum { CHECKSUM = 4, WIDTH = 4, MOST_ROWS = 9, LARGEST_BLOCK = 65536, MOST_LEVELS = 8 };

/* What the library makes of each. */
static const struct use {
    uint64_t id_bytes, block_bytes,
        heap_bits; /* of an object's place in the heap; of the smallest block; of the heap */
    uint64_t tree_type, record_bytes, id_at; /* where a record has the place */
    fa_status (*check)(struct fa_h5_check *check, struct fa_h5_bytes message);
    const char *heap, *tree;
} uses[] = {
    [FA_H5_LINKS] = {7, 512, 32, 5, 11, 4, fa_h5_check_link, "heap of links", "tree of links"},
    [FA_H5_ATTRIBUTES] = {8, 1024, 40, 8, 17, 0, fa_h5_check_attribute, "heap of attributes",
                          "tree of attributes"},
};

/* The heap: its blocks in memory, in their order. */
struct heap {
    const struct use *use;
    uint64_t address, n_blocks;
    struct fa_h5_bytes blocks[WIDTH * MOST_ROWS];
};

/* ---- the heap ---- */

/* The first two rows have the smallest blocks; from there on each row's are twice as large. */
static uint64_t block_bytes(const struct heap *heap, uint64_t i)
{
    const uint64_t row = i / WIDTH;

    return heap->use->block_bytes << (row > 0 ? row - 1 : 0);
}

/* How many blocks there are up to the largest. */
static uint64_t most_blocks(const struct heap *heap)
{
    uint64_t n = 0;

    while (block_bytes(heap, n) <= LARGEST_BLOCK)
        n++;
    return n;
}

static fa_status take_block(struct fa_h5_check *check, struct heap *heap, uint64_t address)
{
    struct fa_h5_bytes *block = &heap->blocks[heap->n_blocks], prefix;
    const uint64_t n_bytes = block_bytes(heap, heap->n_blocks);

    heap->n_blocks++;
    if (address == FA_H5_NOWHERE) {
        *block = (struct fa_h5_bytes){0};
        return FA_OK;
    }
    FA_TRY(fa_h5_take(check, heap->use->heap, address, n_bytes, block));
    prefix = *block;
    return fa_h5_begins(&prefix, "FHDB") ? FA_OK : fa_h5_damaged(check, heap->use->heap);
}

static fa_status take_table(struct fa_h5_check *check, struct heap *heap, uint64_t address, uint64_t n_rows)
{
    const uint64_t n = n_rows * WIDTH, n_prefix = 5 + 8 + heap->use->heap_bits / 8;
    struct fa_h5_bytes table;

    if (n > most_blocks(heap))
        return fa_h5_refuse(check, "it has more names than fit into 512 KiB",
                            "write the file with libver='earliest'");
    FA_TRY(fa_h5_take(check, heap->use->heap, address, n_prefix + 8 * n + CHECKSUM, &table));
    if (!fa_h5_begins(&table, "FHIB"))
        return fa_h5_damaged(check, heap->use->heap);
    fa_h5_part(&table, n_prefix - 4);
    for (uint64_t i = 0; i < n; i++)
        FA_TRY(take_block(check, heap, fa_h5_number(&table, 8)));
    return FA_OK;
}

/* The header's numbers, of which most are what the library always writes. */
static bool is_usual(const struct use *use, struct fa_h5_bytes *header)
{
    enum { CHECKED_BLOCKS = 2 };
    bool is = fa_h5_begins(header, "FRHP");

    is = fa_h5_number(header, 1) == 0 && is;
    is = fa_h5_number(header, 2) == use->id_bytes && is;
    is = fa_h5_number(header, 2) == 0 && is; /* filters */
    is = (fa_h5_number(header, 1) & ~(uint64_t)CHECKED_BLOCKS) == 0 && is;
    fa_h5_part(header, 4); /* the largest object of a block */
    fa_h5_part(header, 8);
    is = fa_h5_number(header, 8) == FA_H5_NOWHERE && is;                     /* objects that are larger */
    fa_h5_part(header, 8 + 8 + 4 * 8);                                       /* free space, and counts */
    is = fa_h5_number(header, 8) == 0 && fa_h5_number(header, 8) == 0 && is; /* larger objects */
    is = fa_h5_number(header, 8) == 0 && fa_h5_number(header, 8) == 0 && is; /* objects within their ids */
    is = fa_h5_number(header, 2) == WIDTH && is;
    is = fa_h5_number(header, 8) == use->block_bytes && is;
    is = fa_h5_number(header, 8) == LARGEST_BLOCK && is;
    is = fa_h5_number(header, 2) == use->heap_bits && is;
    fa_h5_part(header, 2);
    return is;
}

static fa_status take_heap(struct fa_h5_check *check, struct heap *heap)
{
    enum { HEADER = 142 + CHECKSUM };
    struct fa_h5_bytes header;
    uint64_t root, n_rows;

    FA_TRY(fa_h5_take(check, heap->use->heap, heap->address, HEADER, &header));
    if (!is_usual(heap->use, &header))
        return fa_h5_refuse(check,
                            "its names or attributes are stored in an unusual way, or some are very long",
                            "write the file with libver='earliest'");
    root = fa_h5_number(&header, 8);
    n_rows = fa_h5_number(&header, 2);
    if (root == FA_H5_NOWHERE)
        return FA_OK;
    return n_rows == 0 ? take_block(check, heap, root) : take_table(check, heap, root, n_rows);
}

/* The message at a place, which is within one block. */
static fa_status find(struct fa_h5_check *check, const struct heap *heap, struct fa_h5_bytes id,
                      struct fa_h5_bytes *message)
{
    const uint64_t flags = fa_h5_number(&id, 1);
    uint64_t offset = fa_h5_number(&id, heap->use->heap_bits / 8), n = fa_h5_number(&id, 2), i = 0;

    while (i < heap->n_blocks && offset >= block_bytes(heap, i))
        offset -= block_bytes(heap, i++);
    if (flags != 0 || i == heap->n_blocks || n == 0)
        return fa_h5_damaged(check, heap->use->heap);
    *message = heap->blocks[i];
    fa_h5_part(message, offset);
    *message = fa_h5_part(message, n);
    return message->cut ? fa_h5_damaged(check, heap->use->heap) : FA_OK;
}

/* ---- the tree ---- */

enum { LEAF_PREFIX = 6 };

struct tree {
    uint64_t node_bytes;
    uint64_t most_records[MOST_LEVELS],
        most_below[MOST_LEVELS]; /* of a node of the level; and of all below it */
};

static uint64_t bytes_for(uint64_t number)
{
    uint64_t n = 1;

    while (n < 8 && number >> (8 * n) != 0)
        n++;
    return n;
}

/* What a node says of each child: its address, its records, and, above the lowest two levels, all below. */
static uint64_t pointer_bytes(const struct tree *tree, int level)
{
    return 8 + bytes_for(tree->most_records[0]) + (level > 1 ? bytes_for(tree->most_below[level - 1]) : 0);
}

static void measure(struct tree *tree, uint64_t record_bytes)
{
    tree->most_records[0] = (tree->node_bytes - LEAF_PREFIX - CHECKSUM) / record_bytes;
    tree->most_below[0] = tree->most_records[0];
    for (int level = 1; level < MOST_LEVELS; level++) {
        const uint64_t pointer = pointer_bytes(tree, level);

        tree->most_records[level] =
            (tree->node_bytes - LEAF_PREFIX - CHECKSUM - pointer) / (record_bytes + pointer);
        tree->most_below[level] =
            (tree->most_records[level] + 1) * tree->most_below[level - 1] + tree->most_records[level];
    }
}

static fa_status check_records(struct fa_h5_check *check, const struct heap *heap, struct fa_h5_bytes *node,
                               uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        struct fa_h5_bytes record = fa_h5_part(node, heap->use->record_bytes), message;

        fa_h5_part(&record, heap->use->id_at);
        FA_TRY(find(check, heap, record, &message));
        FA_TRY(heap->use->check(check, message));
    }
    return FA_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): a tree has few levels */
static fa_status check_node(struct fa_h5_check *check, const struct heap *heap, const struct tree *tree,
                            uint64_t address, uint64_t n, int level)
{
    struct fa_h5_block *mark = check->blocks;
    struct fa_h5_bytes node;
    bool begins;

    if (n > tree->most_records[level])
        return fa_h5_damaged(check, heap->use->tree);
    FA_TRY(fa_h5_take(check, heap->use->tree, address, tree->node_bytes, &node));
    begins = fa_h5_begins(&node, level > 0 ? "BTIN" : "BTLF");
    if (!begins || fa_h5_number(&node, 1) != 0 || fa_h5_number(&node, 1) != heap->use->tree_type)
        return fa_h5_damaged(check, heap->use->tree);
    FA_TRY(check_records(check, heap, &node, n));
    for (uint64_t i = 0; level > 0 && i <= n; i++) {
        const uint64_t child = fa_h5_number(&node, 8);
        const uint64_t below = fa_h5_number(&node, bytes_for(tree->most_records[0]));

        fa_h5_part(&node, pointer_bytes(tree, level) - 8 - bytes_for(tree->most_records[0]));
        FA_TRY(check_node(check, heap, tree, child, below, level - 1));
    }
    fa_h5_release(check, mark);
    return FA_OK;
}

static fa_status check_tree(struct fa_h5_check *check, const struct heap *heap, uint64_t address)
{
    enum { HEADER = 34 + CHECKSUM, SMALLEST_NODE = 128, LARGEST_NODE = 65536 };
    struct fa_h5_bytes header;
    struct tree tree;
    uint64_t depth, root, n;
    bool begins;

    FA_TRY(fa_h5_take(check, heap->use->tree, address, HEADER, &header));
    begins = fa_h5_begins(&header, "BTHD");
    if (!begins || fa_h5_number(&header, 1) != 0 || fa_h5_number(&header, 1) != heap->use->tree_type)
        return fa_h5_damaged(check, heap->use->tree);
    tree.node_bytes = fa_h5_number(&header, 4);
    if (fa_h5_number(&header, 2) != heap->use->record_bytes || tree.node_bytes < SMALLEST_NODE ||
        tree.node_bytes > LARGEST_NODE)
        return fa_h5_damaged(check, heap->use->tree);
    depth = fa_h5_number(&header, 2);
    fa_h5_part(&header, 2);
    root = fa_h5_number(&header, 8);
    n = fa_h5_number(&header, 2);
    if (depth >= MOST_LEVELS)
        return fa_h5_damaged(check, heap->use->tree);
    measure(&tree, heap->use->record_bytes);
    return root == FA_H5_NOWHERE ? FA_OK : check_node(check, heap, &tree, root, n, (int)depth);
}

fa_status fa_h5_check_dense(struct fa_h5_check *check, enum fa_h5_dense what, uint64_t heap_address,
                            uint64_t tree_address)
{
    struct heap heap = {.use = &uses[what], .address = heap_address};

    if (heap_address == FA_H5_NOWHERE)
        return FA_OK;
    FA_TRY(take_heap(check, &heap));
    return check_tree(check, &heap, tree_address);
}
