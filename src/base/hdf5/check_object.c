/*
 * check_object.c - the header of an object: a list of messages, in one piece or more, that make it a dataset
 * or a group.
 */
#include <string.h>

#include "check.h"
#include "fa/memory.h"

enum type {
    NIL = 0x00,
    DATASPACE = 0x01,
    LINK_INFO = 0x02,
    DATATYPE = 0x03,
    OLD_FILL = 0x04,
    FILL = 0x05,
    LINK = 0x06,
    EXTERNAL_FILES = 0x07,
    LAYOUT = 0x08,
    GROUP_INFO = 0x0a,
    FILTERS = 0x0b,
    ATTRIBUTE = 0x0c,
    COMMENT = 0x0d,
    OLD_TIME = 0x0e,
    CONTINUATION = 0x10,
    SYMBOL_TABLE = 0x11,
    TIME = 0x12,
    ATTRIBUTE_INFO = 0x15,
    REFERENCES = 0x16,
    N_TYPES = 0x18
};

struct message {
    enum type type;
    struct fa_h5_bytes body;
};

struct header {
    unsigned version;
    bool is_ordered; /* each message says its place in the order of creation */
    struct message *messages;
    size_t n, room;
    bool has[N_TYPES];
};

/* ---- the messages ---- */

static bool may_repeat(enum type type)
{
    return type == NIL || type == LINK || type == ATTRIBUTE || type == CONTINUATION;
}

static bool is_known(uint64_t type)
{
    static const bool known[N_TYPES] = {[NIL] = true,      [DATASPACE] = true,      [LINK_INFO] = true,
                                        [DATATYPE] = true, [OLD_FILL] = true,       [FILL] = true,
                                        [LINK] = true,     [LAYOUT] = true,         [GROUP_INFO] = true,
                                        [FILTERS] = true,  [ATTRIBUTE] = true,      [COMMENT] = true,
                                        [OLD_TIME] = true, [CONTINUATION] = true,   [SYMBOL_TABLE] = true,
                                        [TIME] = true,     [ATTRIBUTE_INFO] = true, [REFERENCES] = true};

    return type < N_TYPES && known[type];
}

static fa_status check_type(const struct fa_h5_check *check, const struct header *header, uint64_t type,
                            uint64_t flags)
{
    enum { SHARED = 2 };

    if (type == EXTERNAL_FILES)
        return fa_h5_refuse(check, "its values lie in another file (external storage)",
                            "copy them into this one");
    if (!is_known(type))
        return fa_h5_refuse(check, "its header holds a message of a kind that weights and data do not need",
                            "write it with h5py's defaults");
    if (flags & SHARED)
        return fa_h5_refuse(check, "a part of its header is shared with other objects (a named datatype)",
                            "write it with h5py's defaults");
    if (header->has[type] && !may_repeat((enum type)type))
        return fa_h5_damaged(check, "header");
    return FA_OK;
}

static fa_status add(struct fa_h5_check *check, struct header *header, uint64_t type, uint64_t flags,
                     struct fa_h5_bytes body)
{
    FA_TRY(check_type(check, header, type, flags));
    header->has[type] = true;
    if (type == NIL)
        return FA_OK;
    if (header->n == header->room) {
        FA_TRY(fa_realloc(&header->messages, 2 * header->room + 16, sizeof *header->messages));
        header->room = 2 * header->room + 16;
    }
    header->messages[header->n++] = (struct message){(enum type)type, body};
    return FA_OK;
}

/* The messages of one piece of the header. What is too short for a message at its end is a gap. */
static fa_status split(struct fa_h5_check *check, struct header *header, struct fa_h5_bytes piece)
{
    const bool is_old = header->version == 1;
    const size_t n_prefix = is_old ? 8 : header->is_ordered ? 6 : 4;

    while (piece.left >= n_prefix) {
        const uint64_t type = fa_h5_number(&piece, is_old ? 2 : 1), n = fa_h5_number(&piece, 2);
        const uint64_t flags = fa_h5_number(&piece, 1);

        fa_h5_part(&piece, n_prefix - (is_old ? 5 : 4));
        FA_TRY(add(check, header, type, flags, fa_h5_part(&piece, n)));
    }
    return piece.cut ? fa_h5_damaged(check, "header") : FA_OK;
}

/* ---- the pieces ---- */

enum { CHECKSUM = 4 };

static fa_status take_old(struct fa_h5_check *check, struct header *header, uint64_t address,
                          struct fa_h5_bytes prefix)
{
    enum { PREFIX = 16 };
    struct fa_h5_bytes piece;
    uint64_t n;

    header->version = (unsigned)fa_h5_number(&prefix, 1);
    fa_h5_part(&prefix, 7); /* the number of messages, and of links to the object */
    n = fa_h5_number(&prefix, 4);
    if (prefix.cut || header->version != 1)
        return fa_h5_damaged(check, "header");
    FA_TRY(fa_h5_take(check, "header", address, PREFIX + n, &piece));
    fa_h5_part(&piece, PREFIX);
    return split(check, header, piece);
}

static fa_status take_new(struct fa_h5_check *check, struct header *header, uint64_t address,
                          struct fa_h5_bytes prefix)
{
    enum { ORDERED = 0x04, HAS_PHASES = 0x10, HAS_TIMES = 0x20 };
    const size_t n_all = prefix.left;
    struct fa_h5_bytes piece;
    uint64_t flags, n;
    size_t n_prefix;

    fa_h5_part(&prefix, 4); /* the signature */
    header->version = (unsigned)fa_h5_number(&prefix, 1);
    flags = fa_h5_number(&prefix, 1);
    header->is_ordered = flags & ORDERED;
    fa_h5_part(&prefix, (flags & HAS_TIMES ? 16 : 0) + (flags & HAS_PHASES ? 4 : 0));
    n = fa_h5_number(&prefix, (size_t)1 << (flags & 3));
    if (prefix.cut || header->version != 2 || n > check->end)
        return fa_h5_damaged(check, "header");
    n_prefix = n_all - prefix.left;
    FA_TRY(fa_h5_take(check, "header", address, n_prefix + n + CHECKSUM, &piece));
    fa_h5_part(&piece, n_prefix);
    return split(check, header, fa_h5_part(&piece, n));
}

static fa_status take_first(struct fa_h5_check *check, struct header *header, uint64_t address)
{
    unsigned char buffer[34]; /* the longest beginning */
    struct fa_h5_bytes prefix, is_new;

    FA_TRY(fa_h5_peek(check, address, sizeof buffer, buffer, &prefix));
    is_new = prefix;
    return fa_h5_begins(&is_new, "OHDR") ? take_new(check, header, address, prefix)
                                         : take_old(check, header, address, prefix);
}

static fa_status take_continuation(struct fa_h5_check *check, struct header *header, struct fa_h5_bytes body)
{
    const uint64_t address = fa_h5_number(&body, 8), n = fa_h5_number(&body, 8);
    struct fa_h5_bytes piece;

    if (body.cut)
        return fa_h5_damaged(check, "header");
    FA_TRY(fa_h5_take(check, "header", address, n, &piece));
    if (header->version == 1)
        return split(check, header, piece);
    if (!fa_h5_begins(&piece, "OCHK") || piece.left < CHECKSUM)
        return fa_h5_damaged(check, "header");
    return split(check, header, fa_h5_part(&piece, piece.left - CHECKSUM));
}

/* More messages come while the list is gone through: a piece may continue in another. */
static fa_status take_header(struct fa_h5_check *check, struct header *header, uint64_t address)
{
    FA_TRY(take_first(check, header, address));
    for (size_t i = 0; i < header->n; i++)
        if (header->messages[i].type == CONTINUATION)
            FA_TRY(take_continuation(check, header, header->messages[i].body));
    return FA_OK;
}

/* ---- what they make of it ---- */

static struct fa_h5_bytes find(const struct header *header, enum type type)
{
    for (size_t i = 0; i < header->n; i++)
        if (header->messages[i].type == type)
            return header->messages[i].body;
    return (struct fa_h5_bytes){.cut = true};
}

static fa_status check_attributes(struct fa_h5_check *check, const struct header *header)
{
    struct fa_h5_bytes info = find(header, ATTRIBUTE_INFO);
    uint64_t flags, heap;

    for (size_t i = 0; i < header->n; i++)
        if (header->messages[i].type == ATTRIBUTE)
            FA_TRY(fa_h5_check_attribute(check, header->messages[i].body));
    if (!header->has[ATTRIBUTE_INFO])
        return FA_OK;
    fa_h5_part(&info, 1);
    flags = fa_h5_number(&info, 1);
    fa_h5_part(&info, flags & 1 ? 2 : 0);
    heap = fa_h5_number(&info, 8);
    return fa_h5_check_dense(check, FA_H5_ATTRIBUTES, heap, info.cut ? 0 : fa_h5_number(&info, 8));
}

static fa_status check_dataset(struct fa_h5_check *check, const struct header *header)
{
    struct fa_h5_bytes kind = find(header, DATATYPE), extent = find(header, DATASPACE);
    struct fa_h5_dataset dataset = {0};

    if (!header->has[DATATYPE] || !header->has[DATASPACE] || header->has[SYMBOL_TABLE] ||
        header->has[LINK_INFO] || header->has[LINK])
        return fa_h5_damaged(check, "header");
    FA_TRY(fa_h5_check_kind(check, &kind, &dataset.kind));
    FA_TRY(fa_h5_check_extent(check, &extent, &dataset.extent));
    if (header->has[FILL])
        FA_TRY(fa_h5_check_fill(check, find(header, FILL), false, dataset.kind.size));
    if (header->has[OLD_FILL])
        FA_TRY(fa_h5_check_fill(check, find(header, OLD_FILL), true, dataset.kind.size));
    if (header->has[FILTERS])
        FA_TRY(fa_h5_check_filters(check, find(header, FILTERS), dataset.kind.size, &dataset.filters));
    return fa_h5_check_layout(check, find(header, LAYOUT), &dataset);
}

static fa_status check_link_info(struct fa_h5_check *check, struct fa_h5_bytes info)
{
    uint64_t flags, heap;

    fa_h5_part(&info, 1);
    flags = fa_h5_number(&info, 1);
    fa_h5_part(&info, flags & 1 ? 8 : 0);
    heap = fa_h5_number(&info, 8);
    return fa_h5_check_dense(check, FA_H5_LINKS, heap, info.cut ? 0 : fa_h5_number(&info, 8));
}

static fa_status check_group(struct fa_h5_check *check, const struct header *header)
{
    struct fa_h5_bytes table = find(header, SYMBOL_TABLE);
    uint64_t tree;

    if (header->has[DATATYPE] && !header->has[DATASPACE])
        return fa_h5_refuse(check, "it is a named datatype", "write the file with h5py's defaults");
    if (header->has[DATATYPE] || header->has[DATASPACE] ||
        header->has[SYMBOL_TABLE] == header->has[LINK_INFO])
        return fa_h5_damaged(check, "header");
    for (size_t i = 0; i < header->n; i++)
        if (header->messages[i].type == LINK)
            FA_TRY(fa_h5_check_link(check, header->messages[i].body));
    if (header->has[LINK_INFO])
        return check_link_info(check, find(header, LINK_INFO));
    if (table.left < 16)
        return fa_h5_damaged(check, "header");
    tree = fa_h5_number(&table, 8);
    return fa_h5_check_symbols(check, tree, fa_h5_number(&table, 8));
}

static fa_status check_header(struct fa_h5_check *check, struct header *header, uint64_t address)
{
    FA_TRY(take_header(check, header, address));
    FA_TRY(check_attributes(check, header));
    return header->has[LAYOUT] ? check_dataset(check, header) : check_group(check, header);
}

fa_status fa_h5_check_object(struct fa_h5_check *check, uint64_t address)
{
    struct fa_h5_block *mark = check->blocks;
    struct header header = {0};
    fa_status status = check_header(check, &header, address);

    fa_free(header.messages);
    fa_h5_release(check, mark);
    return status;
}

fa_status fa_h5_check_child(struct fa_h5_check *check, const unsigned char *name, size_t n_name,
                            uint64_t address)
{
    const size_t before = check->n_name;
    fa_status status;

    if (check->depth == FA_H5_MAX_DEPTH)
        return fa_h5_refuse(check, "it is a group within more than 32 others", "use fewer");
    FA_TRY(fa_h5_enter(check, name, n_name));
    check->depth++;
    status = fa_h5_check_object(check, address);
    check->depth--;
    fa_h5_leave(check, before);
    return status;
}
