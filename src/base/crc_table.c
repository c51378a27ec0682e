#include "crc_table.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a word's lowest byte is the first");

void fa_crc_table_make(uint32_t reflected_polynomial, struct fa_crc_table *out)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? reflected_polynomial : 0);
        out->of[0][byte] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++)
            out->of[k][byte] = out->of[k - 1][byte] >> 8 ^ out->of[0][out->of[k - 1][byte] & 0xFF];
}

uint32_t fa_crc_by_table(const struct fa_crc_table *table, uint32_t crc, const void *data, size_t n_bytes)
{
    const unsigned char *p = data;
    uint32_t word[2];

    crc = ~crc;
    for (; n_bytes >= 8; p += 8, n_bytes -= 8) {
        memcpy(word, p, sizeof word);
        word[0] ^= crc;
        crc = table->of[7][word[0] & 0xFF] ^ table->of[6][word[0] >> 8 & 0xFF] ^
              table->of[5][word[0] >> 16 & 0xFF] ^ table->of[4][word[0] >> 24] ^
              table->of[3][word[1] & 0xFF] ^ table->of[2][word[1] >> 8 & 0xFF] ^
              table->of[1][word[1] >> 16 & 0xFF] ^ table->of[0][word[1] >> 24];
    }
    for (; n_bytes > 0; p++, n_bytes--)
        crc = crc >> 8 ^ table->of[0][(crc ^ *p) & 0xFF];
    return ~crc;
}
