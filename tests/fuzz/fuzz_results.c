/* Results of COCO. */
#include <math.h>

#include "fa/coco.h"
#include "fa/memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_coco_result *results = NULL;
    size_t n = 0;
    fa_status status = fa_coco_results_read(fuzz_file(bytes, n_bytes), &results, &n);

    fuzz_read(status);
    for (size_t i = 0; status == FA_OK && i < n; i++)
        fuzz_require(isfinite(results[i].score), "a score is not finite");
    if (status == FA_OK)
        fa_free(results);
    fuzz_freed();
    return 0;
}
