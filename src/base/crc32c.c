#include "fa/crc32c.h"

#include <pthread.h>
#include <string.h>

#include "crc32c_ways.h"

static uint32_t table[8][256]; /* table[k][b]: the CRC of byte b followed by k zero bytes */
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void make_table(void)
{
    const uint32_t reflected_polynomial = 0x82F63B78u;

    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? reflected_polynomial : 0);
        table[0][byte] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++)
            table[k][byte] = table[k - 1][byte] >> 8 ^ table[0][table[k - 1][byte] & 0xFF];
}

uint32_t fa_crc32c_by_table(uint32_t crc, const void *data, size_t n_bytes)
{
    const unsigned char *p = data;

    pthread_once(&table_made, make_table);
    crc = ~crc;
    for (; n_bytes >= 8; p += 8, n_bytes -= 8) {
        uint32_t low =
            crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);

        crc = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^
              table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; n_bytes > 0; p++, n_bytes--)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xFF];
    return ~crc;
}

#ifdef __x86_64__

bool fa_crc32c_has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) uint32_t fa_crc32c_by_instruction(uint32_t crc, const void *data,
                                                                    size_t n_bytes)
{
    const unsigned char *p = data;
    uint64_t wide = (uint32_t)~crc;

    for (; n_bytes >= 8; p += 8, n_bytes -= 8) {
        uint64_t word;

        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    for (; n_bytes > 0; p++, n_bytes--)
        wide = __builtin_ia32_crc32qi((uint32_t)wide, *p);
    return ~(uint32_t)wide;
}

#else

bool fa_crc32c_has_instruction(void)
{
    return false;
}

uint32_t fa_crc32c_by_instruction(uint32_t crc, const void *data, size_t n_bytes)
{
    return fa_crc32c_by_table(crc, data, n_bytes);
}

#endif

uint32_t fa_crc32c(uint32_t crc, const void *data, size_t n_bytes)
{
    if (fa_crc32c_has_instruction())
        return fa_crc32c_by_instruction(crc, data, n_bytes);
    return fa_crc32c_by_table(crc, data, n_bytes);
}
