/* Files of torch.save: whatever begins as a zip archive or as a pickle. Checksums are made 0, which says that
 * there are none: no change of a record would else get past them. */
#include <string.h>

#include "fuzz.h"

enum { ENTRY_CRC = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static uint8_t file[1 << 20];

    if (n_bytes < 2 || n_bytes > sizeof file || (bytes[0] != 'P' && bytes[0] != 0x80))
        return 0;
    memcpy(file, bytes, n_bytes);
    for (size_t i = 0; i + ENTRY_CRC + 4 <= n_bytes; i++)
        if (memcmp(file + i, "PK\1\2", 4) == 0)
            memset(file + i + ENTRY_CRC, 0, 4);
    fuzz_weights(file, n_bytes);
    return 0;
}
