/* Annotations of YOLO, of an image that there is. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_annotations(FA_ANNOTATIONS_YOLO, fuzz_folder("rgb_420.txt", bytes, n_bytes));
    return 0;
}
