/*
 * check_chunks.c - how the chunks of a dataset are found: a tree, or, as later versions of the library write
 * them, an address or an array of addresses.
 */
#include "check.h"

enum { CHECKSUM = 4 };

/* ---- a tree ---- */

/* Its key says where a chunk begins in the dataset. */
static fa_status check_key(struct fa_h5_check *check, const struct fa_h5_chunks *chunks,
                           struct fa_h5_bytes *key)
{
    for (int i = 0; i < chunks->dataset->extent.n_dims; i++) {
        const uint64_t begin = fa_h5_number(key, 8);

        if (begin >= chunks->dataset->extent.dims[i] || begin % chunks->dims[i] != 0)
            return fa_h5_damaged(check, "tree of chunks");
    }
    return fa_h5_number(key, 8) == 0 ? FA_OK : fa_h5_damaged(check, "tree of chunks");
}

static fa_status check_node(struct fa_h5_check *check, const struct fa_h5_chunks *chunks, uint64_t address,
                            int level)
{
    const uint64_t key_bytes = 8 + 8 * ((uint64_t)chunks->dataset->extent.n_dims + 1);
    struct fa_h5_block *mark = check->blocks;
    struct fa_h5_bytes node;
    uint64_t n = 0;

    FA_TRY(
        fa_h5_take_node(check, address, FA_H5_CHUNK_TREE, level, 2 * check->chunk_k, key_bytes, &node, &n));
    for (uint64_t i = 0; i < n; i++) {
        struct fa_h5_bytes key = fa_h5_part(&node, key_bytes);
        const uint64_t n_bytes = fa_h5_number(&key, 4), mask = fa_h5_number(&key, 4);
        const uint64_t child = fa_h5_number(&node, 8);

        FA_TRY(check_key(check, chunks, &key));
        FA_TRY(level > 0 ? check_node(check, chunks, child, level - 1)
                         : fa_h5_check_chunk(check, chunks, child, n_bytes, (uint32_t)mask));
    }
    fa_h5_release(check, mark);
    return FA_OK;
}

fa_status fa_h5_check_chunk_tree(struct fa_h5_check *check, const struct fa_h5_chunks *chunks,
                                 uint64_t address)
{
    int level;

    FA_TRY(fa_h5_tree_level(check, address, &level));
    return check_node(check, chunks, address, level);
}

/* ---- one chunk ---- */

static fa_status check_single(struct fa_h5_check *check, struct fa_h5_bytes *bytes, unsigned flags,
                              const struct fa_h5_chunks *chunks)
{
    enum { FILTERED = 2 };
    const bool is_filtered = flags & FILTERED;
    const uint64_t n_bytes = is_filtered ? fa_h5_number(bytes, 8) : chunks->n_bytes;
    const uint64_t mask = is_filtered ? fa_h5_number(bytes, 4) : 0, address = fa_h5_number(bytes, 8);

    if (bytes->cut || is_filtered != (chunks->dataset->filters.n > 0))
        return fa_h5_damaged(check, "layout");
    if (address == FA_H5_NOWHERE)
        return FA_OK;
    return fa_h5_check_chunk(check, chunks, address, n_bytes, (uint32_t)mask);
}

/* ---- chunks end to end ---- */

static fa_status check_implicit(struct fa_h5_check *check, struct fa_h5_bytes *bytes,
                                const struct fa_h5_chunks *chunks)
{
    const uint64_t address = fa_h5_number(bytes, 8);
    uint64_t n_bytes;

    if (bytes->cut || chunks->dataset->filters.n > 0 ||
        __builtin_mul_overflow(chunks->n_bytes, chunks->n_chunks, &n_bytes))
        return fa_h5_damaged(check, "layout");
    return address == FA_H5_NOWHERE ? FA_OK : fa_h5_claim(check, "values", address, n_bytes);
}

/* ---- an array of addresses ---- */

struct array {
    uint64_t element_bytes, address, header;
    bool is_filtered;
};

static fa_status read_array(struct fa_h5_check *check, const struct fa_h5_chunks *chunks, struct array *array)
{
    struct fa_h5_bytes header;
    uint64_t version, is_filtered, page_bits, n;
    bool begins;

    FA_TRY(fa_h5_take(check, "array of chunks", array->header, 24 + CHECKSUM, &header));
    begins = fa_h5_begins(&header, "FAHD");
    version = fa_h5_number(&header, 1);
    is_filtered = fa_h5_number(&header, 1);
    array->element_bytes = fa_h5_number(&header, 1);
    page_bits = fa_h5_number(&header, 1);
    n = fa_h5_number(&header, 8);
    array->address = fa_h5_number(&header, 8);
    array->is_filtered = is_filtered == 1;
    if (!begins || version != 0 || is_filtered != (chunks->dataset->filters.n > 0) || n != chunks->n_chunks ||
        page_bits > 20 || array->element_bytes < (array->is_filtered ? 13 : 8) ||
        array->element_bytes > (array->is_filtered ? 20 : 8))
        return fa_h5_damaged(check, "array of chunks");
    if (n > (uint64_t)1 << page_bits)
        return fa_h5_refuse(check, "it has more chunks than fit into one page of their index",
                            "write it in larger ones, or without chunks");
    return FA_OK;
}

static fa_status check_elements(struct fa_h5_check *check, const struct fa_h5_chunks *chunks,
                                const struct array *array, struct fa_h5_bytes *elements)
{
    for (uint64_t i = 0; i < chunks->n_chunks; i++) {
        const uint64_t address = fa_h5_number(elements, 8);
        const uint64_t n_bytes =
            array->is_filtered ? fa_h5_number(elements, array->element_bytes - 12) : chunks->n_bytes;
        const uint64_t mask = array->is_filtered ? fa_h5_number(elements, 4) : 0;

        if (address != FA_H5_NOWHERE)
            FA_TRY(fa_h5_check_chunk(check, chunks, address, n_bytes, (uint32_t)mask));
    }
    return FA_OK;
}

static fa_status check_array(struct fa_h5_check *check, struct fa_h5_bytes *bytes,
                             const struct fa_h5_chunks *chunks)
{
    enum { PREFIX = 14 };
    struct array array = {0};
    struct fa_h5_bytes block;

    fa_h5_part(bytes, 1);
    array.header = fa_h5_number(bytes, 8);
    if (bytes->cut)
        return fa_h5_damaged(check, "layout");
    if (array.header == FA_H5_NOWHERE)
        return FA_OK;
    FA_TRY(read_array(check, chunks, &array));
    if (array.address == FA_H5_NOWHERE)
        return FA_OK;
    FA_TRY(fa_h5_take(check, "array of chunks", array.address,
                      PREFIX + chunks->n_chunks * array.element_bytes + CHECKSUM, &block));
    if (!fa_h5_begins(&block, "FADB"))
        return fa_h5_damaged(check, "array of chunks");
    fa_h5_part(&block, PREFIX - 4);
    return check_elements(check, chunks, &array, &block);
}

/* ---- which ---- */

fa_status fa_h5_check_chunk_index(struct fa_h5_check *check, struct fa_h5_bytes *bytes, unsigned flags,
                                  const struct fa_h5_chunks *chunks)
{
    enum { SINGLE = 1, IMPLICIT = 2, ARRAY = 3, WHOLE_EDGES = 1 };
    const uint64_t type = fa_h5_number(bytes, 1);

    if (flags & WHOLE_EDGES)
        return fa_h5_refuse(check, "chunks at its edges are stored otherwise than others",
                            "write it with h5py's defaults");
    if (type == SINGLE)
        return check_single(check, bytes, flags, chunks);
    if (type == IMPLICIT)
        return check_implicit(check, bytes, chunks);
    if (type == ARRAY)
        return check_array(check, bytes, chunks);
    return fa_h5_refuse(check, "its chunks are stored so that it can grow", "write it without maxshape");
}
