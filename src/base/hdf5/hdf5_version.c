/* hdf5_version.c - refuses files of a format that is newer than the program. */
#include <string.h>

#include "fa/memory.h"
#include "hdf5_room.h"

/* A file that says nothing is of the first version, or another program's. */
static fa_status has_format(struct fa_h5 *file, const char *format, bool *has)
{
    char *found;
    fa_status status;

    *has = false;
    if (!fa_h5_has_attribute(file, "format") || !fa_h5_has_attribute(file, "version"))
        return FA_OK;
    status = fa_h5_get_string(file, "format", &found);
    *has = status == FA_OK && strcmp(found, format) == 0;
    fa_free(found);
    return status == FA_ENOMEM ? status : FA_OK;
}

fa_status fa_h5_check_version(struct fa_h5 *file, const char *format, int newest)
{
    int32_t version;
    bool is_stated;

    FA_TRY(has_format(file, format, &is_stated));
    if (!is_stated)
        return FA_OK;
    FA_TRY(fa_h5_get_numbers(file, "version", FA_H5_I32, 1, &version));
    if (version > newest)
        return fa_fail(FA_EFORMAT, "%s: its version is %d, this program reads up to %d; use a newer program",
                       file->path, version, newest);
    return FA_OK;
}
