/* The manifest of a dataset. */
#include "data/shards/manifest.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct fa_manifest manifest = {0};
    fa_status status = fa_manifest_read(fuzz_folder(FA_MANIFEST_NAME, bytes, n_bytes), &manifest);
    size_t n = 0;

    fuzz_read(status);
    for (size_t i = 0; status == FA_OK && i < manifest.n_shards; i++)
        n += manifest.shards[i].n_records;
    fuzz_require(status != FA_OK || n == manifest.n_records, "the shards' records are not the dataset's");
    if (status == FA_OK)
        fa_manifest_free(&manifest);
    fuzz_freed();
    return 0;
}
