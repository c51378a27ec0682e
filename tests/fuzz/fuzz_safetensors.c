/* safetensors: whatever is neither a file of torch.save nor HDF5. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes > 8 && bytes[8] == '{' && bytes[7] == 0)
        fuzz_weights(bytes, n_bytes);
    return 0;
}
