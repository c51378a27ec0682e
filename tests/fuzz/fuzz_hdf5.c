/* Weights as HDF5 has them. */
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes > 8 && memcmp(bytes, "\x89HDF\r\n\x1a\n", 8) == 0)
        fuzz_weights(bytes, n_bytes);
    return 0;
}
