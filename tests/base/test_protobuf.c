/* Messages of protocol buffers, byte by byte as their definition has them. */
#include <string.h>

#include "fa/memory.h"
#include "fa/protobuf.h"
#include "support.h"

static void assert_bytes(const struct fa_proto *proto, const void *want, size_t n)
{
    assert_ok(fa_proto_status(proto));
    assert_int_equal(proto->n, n);
    assert_memory_equal(proto->bytes, want, n);
}

/* The first three are the examples of the encoding's own description. */
static void fields_have_the_bytes_of_the_definition(void **state)
{
    struct fa_proto proto = {.n = 0}, part = {.n = 0};

    (void)state;
    fa_proto_integer(&part, 1, 150);
    assert_bytes(&part, "\x08\x96\x01", 3);
    fa_proto_text(&proto, 2, "testing");
    assert_bytes(&proto, "\x12\x07testing", 9);
    fa_proto_clear(&proto);
    fa_proto_message(&proto, 3, &part);
    assert_bytes(&proto, "\x1a\x03\x08\x96\x01", 5);
    fa_proto_clear(&proto);
    fa_proto_integer(&proto, 20, -2);
    assert_bytes(&proto, "\xa0\x01\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
    fa_proto_clear(&proto);
    fa_proto_integer(&proto, 1, 0);
    fa_proto_float(&proto, 2, -1.5f);
    fa_proto_double(&proto, 3, 0.5);
    assert_bytes(&proto, "\x08\0\x15\0\0\xc0\xbf\x19\0\0\0\0\0\0\xe0\x3f", 16);
    fa_proto_clear(&proto);
    fa_proto_announce(&proto, 9, 300);
    fa_proto_append(&proto, "ab", 2);
    assert_bytes(&proto, "\x4a\xac\x02\x61\x62", 5);
    fa_proto_free(&part);
    fa_proto_free(&proto);
}

static fa_status write_much(void)
{
    struct fa_proto whole = {.n = 0}, part = {.n = 0};
    fa_status status;

    for (int i = 0; i < 100; i++)
        fa_proto_text(&part, 1, "a message that grows");
    fa_proto_message(&whole, 2, &part);
    status = fa_proto_status(&whole);
    fa_proto_free(&part);
    fa_proto_free(&whole);
    return status;
}

static void what_there_is_no_memory_for_is_told_at_the_end(void **state)
{
    (void)state;
    assert_survives_shortage(write_much());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_have_the_bytes_of_the_definition),
        cmocka_unit_test(what_there_is_no_memory_for_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
