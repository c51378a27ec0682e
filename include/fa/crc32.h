/*
 * crc32.h - the CRC-32 of IEEE 802.3 (polynomial 0x04C11DB7, reflected), which zip archives carry. Callable
 * from any thread.
 */
#ifndef FA_CRC32_H
#define FA_CRC32_H

#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* The CRC of data appended to what gave crc; start with 0. "123456789" gives 0xCBF43926. */
uint32_t fa_crc32(uint32_t crc, const void *data, size_t n_bytes);

FA_END_DECLARATIONS

#endif
