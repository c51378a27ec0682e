/* Files of torch.save: whatever begins as a zip archive or as a pickle. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes > 1 && (bytes[0] == 'P' || bytes[0] == 0x80))
        fuzz_weights(bytes, n_bytes);
    return 0;
}
