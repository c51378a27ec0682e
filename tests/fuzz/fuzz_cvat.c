/* Annotations of CVAT. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_annotations(FA_ANNOTATIONS_CVAT, fuzz_file(bytes, n_bytes));
    return 0;
}
