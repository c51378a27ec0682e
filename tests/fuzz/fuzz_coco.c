/* Annotations of COCO. */
#include "fa/coco.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_coco *coco = NULL;
    fa_status status = fa_coco_read(fuzz_file(bytes, n_bytes), &coco);

    fuzz_read(status);
    for (size_t i = 0; status == FA_OK && i < coco->n_annotations; i++)
        fuzz_require(coco->annotations[i].image < coco->n_images &&
                         (size_t)coco->annotations[i].label < coco->n_categories,
                     "an annotation points nowhere");
    if (status == FA_OK)
        fa_coco_free(coco);
    fuzz_freed();
    return 0;
}
