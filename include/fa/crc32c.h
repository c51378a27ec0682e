/*
 * crc32c.h - the Castagnoli CRC (polynomial 0x1EDC6F41, reflected, as in iSCSI and ext4). Callable from any
 * thread.
 */
#ifndef FA_CRC32C_H
#define FA_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* The CRC of data appended to what gave crc; start with 0. "123456789" gives 0xE3069283. */
uint32_t fa_crc32c(uint32_t crc, const void *data, size_t n_bytes);

FA_END_DECLARATIONS

#endif
