/*
 * crc_table.h - reflected CRCs of 32 bits by eight table look-ups for eight bytes, whatever their polynomial.
 */
#ifndef FA_BASE_CRC_TABLE_H
#define FA_BASE_CRC_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct fa_crc_table {
    uint32_t of[8][256]; /* of[k][b]: the CRC of byte b followed by k zero bytes */
};

void fa_crc_table_make(uint32_t reflected_polynomial, struct fa_crc_table *out);

/* The CRC of data appended to what gave crc; start with 0. */
uint32_t fa_crc_by_table(const struct fa_crc_table *table, uint32_t crc, const void *data, size_t n_bytes);

#endif
