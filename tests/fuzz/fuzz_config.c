/* Configurations, with every key checked and read. */
#include <string.h>

#include "cli/recipe/settings.h"
#include "fuzz.h"

/* A file that inherits would read others. */
static bool inherits(const uint8_t *bytes, size_t n_bytes)
{
    return memmem(bytes, n_bytes, "base", 4) != NULL || memmem(bytes, n_bytes, "\\u", 2) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_settings settings;
    fa_status status;

    if (inherits(bytes, n_bytes))
        return 0;
    status = fa_settings_read_over(NULL, fuzz_file(bytes, n_bytes), NULL, 0, &settings);
    fuzz_read(status);
    if (status == FA_OK)
        fa_settings_clear(&settings);
    fuzz_freed();
    return 0;
}
