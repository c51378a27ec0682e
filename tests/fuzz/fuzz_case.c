/* Cases: an image, or a head's outputs, with objects. */
#include "fa/case.h"
#include "fa/log.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_case given;
    fa_status status;

    fa_log_set_level(FA_LOG_ERROR); /* other datasets are warned of */
    status = fa_case_read(fuzz_file(bytes, n_bytes), &given);
    fuzz_read(status);
    if (status == FA_OK)
        fuzz_require(given.image != NULL || given.cls != NULL, "a case has neither image nor head");
    fa_case_clear(&given);
    fuzz_freed();
    return 0;
}
