/* The manifest of a checkpoint. The checksum at its end is made right: no change of it would else get past.
 */
#include <stdio.h>
#include <string.h>

#include "fa/crc32c.h"
#include "fa/memory.h"
#include "fuzz.h"
#include "train/checkpoint/checkpoint_private.h"

static size_t seal(const uint8_t *bytes, size_t n_bytes, uint8_t *out, size_t size)
{
    const uint8_t *end = memmem(bytes, n_bytes, ",\n\t\"crc32c\"", 11);
    const size_t n = end != NULL ? (size_t)(end - bytes) : n_bytes;

    if (n > size - 64)
        return 0;
    memcpy(out, bytes, n);
    return n + (size_t)snprintf((char *)out + n, 64, FA_MANIFEST_SEAL, fa_crc32c(0, out, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static uint8_t sealed[1 << 20];
    const size_t n = seal(bytes, n_bytes, sealed, sizeof sealed);
    struct fa_checkpoint_manifest manifest = {0};
    fa_status status = fa_checkpoint_manifest_read(fuzz_folder(FA_MANIFEST_NAME, sealed, n), &manifest);

    fuzz_read(status);
    for (size_t i = 0; status == FA_OK && i < manifest.n_tensors; i++)
        fuzz_require(manifest.tensors[i].offset <= manifest.n_value &&
                         manifest.tensors[i].n_elem <= manifest.n_value - manifest.tensors[i].offset,
                     "a tensor lies outside");
    fa_checkpoint_manifest_clear(&manifest);
    fuzz_freed();
    return 0;
}
