/*
 * check_attribute.c - attributes, and texts of variable length, which lie in heaps that several share.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fa/memory.h"

/* ---- attributes ---- */

/* The parts of an attribute's message; in version 1 each is padded to a multiple of 8. */
struct attribute {
    struct fa_h5_bytes name, kind, extent, value;
};

static uint64_t pad(uint64_t version, uint64_t n)
{
    return version == 1 ? (n + 7) / 8 * 8 : n;
}

static fa_status split(struct fa_h5_check *check, struct fa_h5_bytes bytes, struct attribute *out)
{
    enum { SHARED = 3 };
    const uint64_t version = fa_h5_number(&bytes, 1), flags = fa_h5_number(&bytes, 1);
    const uint64_t n_name = fa_h5_number(&bytes, 2), n_kind = fa_h5_number(&bytes, 2);
    const uint64_t n_extent = fa_h5_number(&bytes, 2);

    if (version < 1 || version > 3)
        return fa_h5_damaged(check, "list of attributes");
    if (version > 1 && (flags & SHARED) != 0)
        return fa_h5_refuse(check, "an attribute of it shares its type with other objects (a named datatype)",
                            "write it with h5py's defaults");
    fa_h5_part(&bytes, version == 3 ? 1 : 0);
    out->name = fa_h5_part(&bytes, pad(version, n_name));
    out->kind = fa_h5_part(&bytes, pad(version, n_kind));
    out->extent = fa_h5_part(&bytes, pad(version, n_extent));
    out->value = bytes;
    return bytes.cut ? fa_h5_damaged(check, "list of attributes") : FA_OK;
}

/* One text is what is asked for; others stay unread. */
static fa_status check_value(struct fa_h5_check *check, struct attribute *attribute)
{
    struct fa_h5_extent extent;
    struct fa_h5_kind kind;
    uint64_t n_bytes;

    FA_TRY(fa_h5_check_kind(check, &attribute->kind, &kind));
    FA_TRY(fa_h5_check_extent(check, &attribute->extent, &extent));
    if (__builtin_mul_overflow(extent.n_elem, kind.size, &n_bytes) || n_bytes > attribute->value.left)
        return fa_h5_damaged(check, "value");
    if (!kind.is_text || extent.n_elem != 1)
        return FA_OK;
    return fa_h5_note_text(check, attribute->value);
}

fa_status fa_h5_check_attribute(struct fa_h5_check *check, struct fa_h5_bytes bytes)
{
    const size_t before = check->n_name;
    struct attribute attribute;
    const unsigned char *end;
    fa_status status;

    FA_TRY(split(check, bytes, &attribute));
    end = attribute.name.left > 0 ? memchr(attribute.name.at, '\0', attribute.name.left) : NULL;
    if (end == NULL)
        return fa_h5_damaged(check, "list of attributes");
    FA_TRY(fa_h5_enter(check, attribute.name.at, (size_t)(end - attribute.name.at)));
    status = check_value(check, &attribute);
    fa_h5_leave(check, before);
    return status;
}

/* ---- texts ---- */

/* An element of variable length: the object in a heap that holds it. */
struct fa_h5_text {
    uint64_t heap, index, n_bytes;
    bool is_there;
};

/* Heaps are looked at when all texts are known, each once. */
fa_status fa_h5_note_text(struct fa_h5_check *check, struct fa_h5_bytes element)
{
    struct fa_h5_text text = {.n_bytes = fa_h5_number(&element, 4)};

    text.heap = fa_h5_number(&element, 8);
    text.index = fa_h5_number(&element, 4);
    if (text.heap == 0) /* an empty one */
        return FA_OK;
    if (check->n_texts == check->text_room) {
        FA_TRY(fa_realloc(&check->texts, 2 * check->text_room + 16, sizeof *check->texts));
        check->text_room = 2 * check->text_room + 16;
    }
    check->texts[check->n_texts++] = text;
    return FA_OK;
}

static int compare_texts(const void *a, const void *b)
{
    const struct fa_h5_text *x = a, *y = b;

    if (x->heap != y->heap)
        return (x->heap > y->heap) - (x->heap < y->heap);
    return (x->index > y->index) - (x->index < y->index);
}

/* One object of the heap of these texts, which several of them may share. */
static fa_status meet_object(struct fa_h5_check *check, struct fa_h5_text *texts, size_t n, uint64_t index,
                             uint64_t n_bytes)
{
    const struct fa_h5_text key = {.heap = texts->heap, .index = index};
    struct fa_h5_text *text = bsearch(&key, texts, n, sizeof *texts, compare_texts);

    while (text != NULL && text > texts && text[-1].index == index)
        text--;
    for (; text != NULL && text < texts + n && text->index == index; text++) {
        if (text->is_there || text->n_bytes != n_bytes)
            return fa_h5_damaged(check, "heap of texts");
        text->is_there = true;
    }
    return FA_OK;
}

enum { PREFIX = 16 }; /* of a heap, and of an object */

static fa_status walk_heap(struct fa_h5_check *check, struct fa_h5_text *texts, size_t n,
                           struct fa_h5_bytes heap)
{
    fa_h5_part(&heap, PREFIX);
    while (heap.left >= PREFIX) {
        const uint64_t index = fa_h5_number(&heap, 2);
        uint64_t size;

        fa_h5_part(&heap, 6);
        size = fa_h5_number(&heap, 8);
        if (index == 0) /* what is free, to the end; its size counts the prefix too */
            return size == heap.left + PREFIX ? FA_OK : fa_h5_damaged(check, "heap of texts");
        if (size > heap.left)
            return fa_h5_damaged(check, "heap of texts");
        FA_TRY(meet_object(check, texts, n, index, size));
        fa_h5_part(&heap, (size + 7) / 8 * 8);
    }
    return heap.cut ? fa_h5_damaged(check, "heap of texts") : FA_OK;
}

static fa_status take_heap(struct fa_h5_check *check, uint64_t address, struct fa_h5_bytes *out)
{
    unsigned char buffer[PREFIX];
    struct fa_h5_bytes prefix;
    uint64_t size;

    FA_TRY(fa_h5_peek(check, address, sizeof buffer, buffer, &prefix));
    if (!fa_h5_begins(&prefix, "GCOL") || fa_h5_number(&prefix, 1) != 1)
        return fa_h5_damaged(check, "heap of texts");
    fa_h5_part(&prefix, 3);
    size = fa_h5_number(&prefix, 8);
    if (prefix.cut || size < PREFIX)
        return fa_h5_damaged(check, "heap of texts");
    return fa_h5_take(check, "heap of texts", address, size, out);
}

static fa_status check_heap(struct fa_h5_check *check, struct fa_h5_text *texts, size_t n)
{
    struct fa_h5_bytes heap;

    FA_TRY(take_heap(check, texts->heap, &heap));
    FA_TRY(walk_heap(check, texts, n, heap));
    for (size_t i = 0; i < n; i++)
        if (!texts[i].is_there)
            return fa_h5_damaged(check, "heap of texts");
    return FA_OK;
}

fa_status fa_h5_check_texts(struct fa_h5_check *check)
{
    if (check->n_texts == 0)
        return FA_OK;
    qsort(check->texts, check->n_texts, sizeof *check->texts, compare_texts);
    for (size_t i = 0, n; i < check->n_texts; i += n) {
        for (n = 1; i + n < check->n_texts && check->texts[i + n].heap == check->texts[i].heap; n++)
            ;
        FA_TRY(check_heap(check, check->texts + i, n));
    }
    return FA_OK;
}
