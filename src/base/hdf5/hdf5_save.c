#include <stdio.h>

#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"

static fa_status write_whole(const char *path, fa_h5_write_fn write, void *context)
{
    struct fa_h5 *file;

    FA_TRY(fa_h5_create(path, &file));
    return fa_h5_finish(file, write(context, file));
}

fa_status fa_h5_save(const char *path, fa_h5_write_fn write, void *context)
{
    char *temporary;
    fa_status status;

    FA_TRY(fa_file_temporary_name(path, &temporary));
    status = write_whole(temporary, write, context);
    if (status == FA_OK)
        status = fa_file_commit(temporary, path);
    else
        remove(temporary);
    fa_free(temporary);
    return status;
}
