/*
 * protobuf.h - messages of protocol buffers, written field by field.
 *
 * A message grows as it is written. Where memory is short it stays as it is, and fa_proto_status tells at the
 * end; so a row of fields needs no checks between them. For one thread.
 */
#ifndef FA_PROTOBUF_H
#define FA_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* Zeroed: empty. */
struct fa_proto {
    uint8_t *bytes;
    size_t n, room;
    bool is_short; /* of something that there was no memory for */
};

void fa_proto_free(struct fa_proto *proto); /* leaves it empty */
fa_status fa_proto_status(const struct fa_proto *proto) FA_CHECK_RESULT;

/* Forgets what was written and keeps the memory for the next message. */
void fa_proto_clear(struct fa_proto *proto);

/* int64, uint64, bool or an enum; negative numbers as int64 has them. */
void fa_proto_integer(struct fa_proto *proto, int field, int64_t value);
void fa_proto_float(struct fa_proto *proto, int field, float value);
void fa_proto_double(struct fa_proto *proto, int field, double value);
void fa_proto_bytes(struct fa_proto *proto, int field, const void *bytes, size_t n);
void fa_proto_text(struct fa_proto *proto, int field, const char *text);
void fa_proto_message(struct fa_proto *proto, int field, const struct fa_proto *part);

/* What stands before so many bytes of a field, and bytes as they are, which follow it. */
void fa_proto_announce(struct fa_proto *proto, int field, size_t n_bytes);
void fa_proto_append(struct fa_proto *proto, const void *bytes, size_t n);

FA_END_DECLARATIONS

#endif
