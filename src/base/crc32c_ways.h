/*
 * crc32c_ways.h - the two computations behind fa_crc32c, which picks the faster one that the CPU has.
 */
#ifndef FA_BASE_CRC32C_WAYS_H
#define FA_BASE_CRC32C_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Eight table look-ups for eight bytes; runs anywhere. */
uint32_t fa_crc32c_by_table(uint32_t crc, const void *data, size_t n_bytes);

/* The instruction of SSE 4.2; call it only if fa_crc32c_has_instruction. */
bool fa_crc32c_has_instruction(void);
uint32_t fa_crc32c_by_instruction(uint32_t crc, const void *data, size_t n_bytes);

#endif
