/* CRC-32 against published values and the definition. */
#include <string.h>

#include "fa/crc32.h"
#include "fa/philox.h"
#include "support.h"

static void published_values_are_met(void **state)
{
    static const char fox[] = "The quick brown fox jumps over the lazy dog";
    unsigned char bytes[32];

    (void)state;
    assert_int_equal(fa_crc32(0, "", 0), 0);
    assert_int_equal(fa_crc32(0, "a", 1), 0xE8B7BE43);
    assert_int_equal(fa_crc32(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(fa_crc32(0, fox, sizeof fox - 1), 0x414FA339);
    memset(bytes, 0x00, sizeof bytes);
    assert_int_equal(fa_crc32(0, bytes, 32), 0x190A55AD);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(fa_crc32(0, bytes, 32), 0xFF6CAB0B);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(fa_crc32(0, bytes, 32), 0x91267E8A);
}

static void pieces_give_the_value_of_the_whole(void **state)
{
    const char *whole = "123456789";

    (void)state;
    for (size_t cut = 0; cut <= 9; cut++)
        assert_int_equal(fa_crc32(fa_crc32(0, whole, cut), whole + cut, 9 - cut), 0xCBF43926);
}

/* The definition: one bit at a time. */
static uint32_t by_bits(uint32_t crc, const unsigned char *bytes, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void the_definition_is_followed_at_any_length_and_alignment(void **state)
{
    unsigned char bytes[100];
    struct fa_random random;

    (void)state;
    fa_random_init(&random, 1, FA_RANDOM_TEST, 0, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)fa_random_u32(&random);
    for (size_t start = 0; start < 9; start++)
        for (size_t n = 0; n + start <= sizeof bytes; n++)
            assert_int_equal(fa_crc32(5, bytes + start, n), by_bits(5, bytes + start, n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_are_met),
        cmocka_unit_test(pieces_give_the_value_of_the_whole),
        cmocka_unit_test(the_definition_is_followed_at_any_length_and_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
