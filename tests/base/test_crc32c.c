/* CRC32C against published values, and its two computations against the definition. */
#include <string.h>

#include "crc32c_ways.h"
#include "fa/crc32c.h"
#include "fa/philox.h"
#include "support.h"

typedef uint32_t (*way_fn)(uint32_t crc, const void *data, size_t n_bytes);

static void check_published_values(way_fn way)
{
    unsigned char bytes[32];

    assert_int_equal(way(0, "123456789", 9), 0xE3069283);
    assert_int_equal(way(0, "", 0), 0);
    /* RFC 3720, B.4 */
    memset(bytes, 0x00, sizeof bytes);
    assert_int_equal(way(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(way(0, bytes, 32), 0x62A8AB43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(way(0, bytes, 32), 0x46DD794E);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)(31 - i);
    assert_int_equal(way(0, bytes, 32), 0x113FDB5C);
}

static void every_way_gives_the_published_values(void **state)
{
    (void)state;
    check_published_values(fa_crc32c);
    check_published_values(fa_crc32c_by_table);
    if (fa_crc32c_has_instruction())
        check_published_values(fa_crc32c_by_instruction);
}

static void pieces_give_the_value_of_the_whole(void **state)
{
    const char *whole = "123456789";

    (void)state;
    for (size_t cut = 0; cut <= 9; cut++)
        assert_int_equal(fa_crc32c(fa_crc32c(0, whole, cut), whole + cut, 9 - cut), 0xE3069283);
}

/* The definition: one bit at a time. */
static uint32_t by_bits(uint32_t crc, const unsigned char *bytes, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

static void every_way_follows_the_definition_at_any_length_and_alignment(void **state)
{
    unsigned char bytes[300];
    struct fa_random random;

    (void)state;
    fa_random_init(&random, 1, FA_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)fa_random_u32(&random);
    for (size_t start = 0; start < 9; start++)
        for (size_t n = 0; n + start <= sizeof bytes; n++) {
            uint32_t want = by_bits(5, bytes + start, n);

            assert_int_equal(fa_crc32c_by_table(5, bytes + start, n), want);
            if (fa_crc32c_has_instruction())
                assert_int_equal(fa_crc32c_by_instruction(5, bytes + start, n), want);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_published_values),
        cmocka_unit_test(pieces_give_the_value_of_the_whole),
        cmocka_unit_test(every_way_follows_the_definition_at_any_length_and_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
