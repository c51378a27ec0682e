/* Tables of measured algorithms. LIBRARY stands for what this build measures with: others are refused. */
#include <string.h>

#include "fa/backend.h"
#include "fuzz.h"
#include "train/algorithms_file.h"

static size_t name_library(const uint8_t *bytes, size_t n_bytes, const char *library, uint8_t *out)
{
    static const char word[] = "LIBRARY";
    const size_t n_word = sizeof word - 1, n_library = strlen(library);
    const uint8_t *found = memmem(bytes, n_bytes, word, n_word);
    const size_t before = found != NULL ? (size_t)(found - bytes) : n_bytes;

    memcpy(out, bytes, before);
    if (found == NULL)
        return n_bytes;
    memcpy(out + before, library, n_library);
    memcpy(out + before + n_library, found + n_word, n_bytes - before - n_word);
    return n_bytes - n_word + n_library;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const struct fa_backend_config config = {.name = "blas", .n_threads = 1};
    static uint8_t named[(1 << 20) + 256];
    struct fa_backend *backend;
    size_t n;

    if (n_bytes > 1 << 20)
        return 0;
    fuzz_require(fa_backend_open(&config, &backend) == FA_OK, "cannot open the backend");
    n = name_library(bytes, n_bytes, fa_backend_description(backend), named);
    fuzz_read(fa_algorithms_read(fuzz_file(named, n), backend));
    fa_backend_close(backend);
    fuzz_freed();
    return 0;
}
