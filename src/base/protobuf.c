#include "fa/protobuf.h"

#include <string.h>

#include "fa/memory.h"

enum wire { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

enum { VARINT_MAX = 10 };

void fa_proto_free(struct fa_proto *proto)
{
    fa_free(proto->bytes);
    *proto = (struct fa_proto){.n = 0};
}

void fa_proto_clear(struct fa_proto *proto)
{
    proto->n = 0;
    proto->is_short = false;
}

fa_status fa_proto_status(const struct fa_proto *proto)
{
    return proto->is_short
               ? fa_fail(FA_ENOMEM, "out of memory for a message of more than %zu bytes", proto->n)
               : FA_OK;
}

/* Room for n more bytes. */
static bool reserve(struct fa_proto *proto, size_t n)
{
    const size_t want = proto->n + n;

    if (proto->is_short || want <= proto->room)
        return !proto->is_short;
    proto->is_short = fa_realloc(&proto->bytes, want + want / 2, 1) != FA_OK;
    if (!proto->is_short)
        proto->room = want + want / 2;
    return !proto->is_short;
}

/* Into room that is there. */
static void put_varint(struct fa_proto *proto, uint64_t value)
{
    for (; value > 127; value >>= 7)
        proto->bytes[proto->n++] = (uint8_t)(value | 128);
    proto->bytes[proto->n++] = (uint8_t)value;
}

static void put_key(struct fa_proto *proto, int field, enum wire wire)
{
    put_varint(proto, (uint64_t)(field << 3 | (int)wire));
}

/* Little-endian, whatever the host is. */
static void put_fixed(struct fa_proto *proto, uint64_t bits, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++)
        proto->bytes[proto->n++] = (uint8_t)(bits >> 8 * i);
}

void fa_proto_integer(struct fa_proto *proto, int field, int64_t value)
{
    if (!reserve(proto, 2 * VARINT_MAX))
        return;
    put_key(proto, field, VARINT);
    put_varint(proto, (uint64_t)value);
}

void fa_proto_float(struct fa_proto *proto, int field, float value)
{
    uint32_t bits;

    if (!reserve(proto, VARINT_MAX + sizeof bits))
        return;
    memcpy(&bits, &value, sizeof bits);
    put_key(proto, field, FIXED32);
    put_fixed(proto, bits, 4);
}

void fa_proto_double(struct fa_proto *proto, int field, double value)
{
    uint64_t bits;

    if (!reserve(proto, VARINT_MAX + sizeof bits))
        return;
    memcpy(&bits, &value, sizeof bits);
    put_key(proto, field, FIXED64);
    put_fixed(proto, bits, 8);
}

void fa_proto_announce(struct fa_proto *proto, int field, size_t n_bytes)
{
    if (!reserve(proto, 2 * VARINT_MAX))
        return;
    put_key(proto, field, LENGTH);
    put_varint(proto, n_bytes);
}

void fa_proto_append(struct fa_proto *proto, const void *bytes, size_t n)
{
    if (n == 0 || !reserve(proto, n))
        return;
    memcpy(proto->bytes + proto->n, bytes, n);
    proto->n += n;
}

void fa_proto_bytes(struct fa_proto *proto, int field, const void *bytes, size_t n)
{
    fa_proto_announce(proto, field, n);
    fa_proto_append(proto, bytes, n);
}

void fa_proto_text(struct fa_proto *proto, int field, const char *text)
{
    fa_proto_bytes(proto, field, text, strlen(text));
}

void fa_proto_message(struct fa_proto *proto, int field, const struct fa_proto *part)
{
    fa_proto_bytes(proto, field, part->bytes, part->n);
    proto->is_short |= part->is_short;
}
