#include "dataset_room.h"

#include <inttypes.h>

#include "fa/file.h"

fa_status fa_dataset_require_room(const char *directory, uint64_t n_bytes, const char *name,
                                  const char *otherwise)
{
    uint64_t free_bytes;

    FA_TRY(fa_directory_free_bytes(directory, &free_bytes));
    if (n_bytes <= free_bytes)
        return FA_OK;
    return fa_fail(
        FA_EIO, "%s: the dataset needs %" PRIu64 " MiB, the disk has %" PRIu64 " MiB left; free some, or %s",
        name, (n_bytes >> 20) + 1, free_bytes >> 20, otherwise);
}
