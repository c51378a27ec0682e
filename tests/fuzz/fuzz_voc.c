/* Annotations of Pascal VOC. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_annotations(FA_ANNOTATIONS_VOC, fuzz_folder("a.xml", bytes, n_bytes));
    return 0;
}
