/* Annotations of LabelMe. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_annotations(FA_ANNOTATIONS_LABELME, fuzz_folder("a.json", bytes, n_bytes));
    return 0;
}
